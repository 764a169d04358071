namespace MobileVlm.Edge.Connectors.Storage.Labels;

/// <summary>Labels cannot be read or stored now.</summary>
/// <param name="message">Why, for people, without a full stop.</param>
/// <param name="cause">What the disk reported; null for one that does not answer.</param>
public sealed class LabelStorageException(string message, Exception? cause = null) : IOException(message, cause);

/// <summary>A question has as many labels as it may.</summary>
/// <param name="most">The limit.</param>
public sealed class LabelLimitException(int most) : Exception($"the question has {most} labels, which is the most")
{
    /// <summary>The limit.</summary>
    public int Most => most;
}
