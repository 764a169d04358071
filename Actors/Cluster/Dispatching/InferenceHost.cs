using MobileVlm.Edge.Actors.Cluster.Messages;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>A host with a model, as a dispatcher sees it.</summary>
internal sealed class InferenceHost(string address)
{
    private readonly Dictionary<long, OpenRequest> _open = [];

    /// <summary>As <c>host:port</c>.</summary>
    public string Address => address;

    /// <summary>What it reported last; null before.</summary>
    public HostPresent? Present { get; set; }

    /// <summary>Sends it a message.</summary>
    public Action<ClusterMessage> Send { get; set; } = _ => { };

    /// <summary>Membership shows it as a member that answers.</summary>
    public bool IsReachable { get; set; }

    /// <summary>Its protocol is spoken here.</summary>
    public bool SpeaksVersion { get; set; }

    /// <summary>Its model is the one that is used.</summary>
    public bool HasModel { get; set; }

    /// <summary>When it was notified that a frame waits; null if it was not, or has requested a frame since.</summary>
    public long? NotifiedAt { get; set; }

    /// <summary>Frames are sent to it.</summary>
    public bool IsUsable => IsReachable && SpeaksVersion && HasModel;

    /// <summary>It may get one more frame.</summary>
    public bool HasCapacity => IsUsable && _open.Count < Present!.Capacity;

    /// <summary>Frames that it has.</summary>
    public IReadOnlyCollection<OpenRequest> Open => [.. _open.Values];

    public void Add(OpenRequest request) => _open.Add(request.Id, request);

    public OpenRequest? Find(long request) => _open.GetValueOrDefault(request);

    public void Remove(OpenRequest request) => _open.Remove(request.Id);
}
