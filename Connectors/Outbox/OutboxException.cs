namespace MobileVlm.Edge.Connectors.Outbox;

/// <summary>The outbox cannot be opened where the settings put it.</summary>
/// <param name="path">The file.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">What the disk or database said.</param>
public sealed class OutboxException(string path, string message, Exception? inner = null) : IOException(message, inner)
{
    public string Path { get; } = path;
}
