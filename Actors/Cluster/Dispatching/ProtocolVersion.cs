using MobileVlm.Edge.Actors.Cluster.Messages;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>Versions of the protocol between hosts. Both sides use the newest one that both speak; fields that one side does not know are
/// skipped, so only a change of meaning needs a new version.</summary>
/// <param name="Oldest">The oldest version that this build speaks.</param>
/// <param name="Newest">The newest one.</param>
internal sealed record ProtocolVersion(int Oldest, int Newest)
{
    /// <summary>What this build speaks.</summary>
    public static ProtocolVersion Current { get; } = new(1, 1);

    /// <summary>The version that both speak; null when there is none.</summary>
    public int? CommonWith(HostPresent other)
    {
        var common = Math.Min(Newest, other.Version);
        return common >= Oldest && common >= other.OldestVersion ? common : null;
    }
}
