namespace MobileVlm.Edge.Actors.Settings;

/// <summary>What is known at this moment about the model of a host that has none itself: other hosts of its cluster answer.
/// Thread-safe.</summary>
internal sealed class RemoteEngine
{
    private volatile string _modelName = "unknown";
    private volatile bool _isReachable;

    /// <summary>Name of the model that answers; <c>unknown</c> before a host that has it was met.</summary>
    public string ModelName
    {
        get => _modelName;
        set => _modelName = value;
    }

    /// <summary>Whether a host that has the model can be reached.</summary>
    public bool IsReachable
    {
        get => _isReachable;
        set => _isReachable = value;
    }

    /// <summary>Why nothing can be asked at this moment; null when it can.</summary>
    public string? MissingReason => _isReachable ? null : "no host of the cluster that has the model can be reached; ask again later";
}
