using System.Collections.Concurrent;
using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>What is counted of each other host. Outlives each cluster system. Thread-safe.</summary>
internal sealed class ClusterCounters(ClusterSettings settings, ClusterMembers members)
{
    private readonly ConcurrentDictionary<string, Counters<ClusterNodeStats>> _nodes = new();

    /// <summary>Messages that could not be read, or that no member sent.</summary>
    private long _ignored;

    /// <summary>The counters of a host, <c>host:port</c>.</summary>
    public Counters<ClusterNodeStats> this[string address] =>
        _nodes.GetOrAdd(address, _ => new Counters<ClusterNodeStats>(new ClusterNodeStats { State = ClusterNodeStats.Unreachable }));

    public void CountIgnored() => Interlocked.Increment(ref _ignored);

    /// <summary>All hosts that are configured or were met.</summary>
    /// <param name="stateOf">Why a reachable host is not used; null for one that is.</param>
    public ClusterStats Snapshot(Func<string, string?> stateOf)
    {
        foreach (var address in settings.Nodes.Concat(members.All.Select(member => member.Address)).Where(node => node != settings.Listen))
        {
            _ = this[address];
        }

        return new ClusterStats
        {
            Listen = settings.Listen,
            Ignored = Interlocked.Read(ref _ignored),
            Nodes = _nodes.ToDictionary(node => node.Key, node =>
            {
                var isUp = members.Find(node.Key) is { IsUsable: true };
                return node.Value.Read(stats => stats with
                {
                    State = isUp ? stateOf(node.Key) ?? ClusterNodeStats.Up : ClusterNodeStats.Unreachable,
                });
            }),
        };
    }
}
