using System.Collections.Concurrent;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>Another host of the cluster, as membership shows it.</summary>
/// <param name="Address">As <c>host:port</c>.</param>
/// <param name="Incarnation">Differs after each start of that host's cluster system.</param>
/// <param name="Roles">What it does.</param>
/// <param name="IsUp">It is a full or a weakly accepted member.</param>
/// <param name="IsReachable">It answers.</param>
internal sealed record ClusterMember(string Address, long Incarnation, IReadOnlyCollection<string> Roles, bool IsUp, bool IsReachable)
{
    /// <summary>Messages can be sent to it.</summary>
    public bool IsUsable => IsUp && IsReachable;
}

/// <summary>The other hosts of the cluster at this moment. Outlives each cluster system. Thread-safe.</summary>
internal sealed class ClusterMembers
{
    private readonly ConcurrentDictionary<string, ClusterMember> _members = new();

    public IReadOnlyCollection<ClusterMember> All => [.. _members.Values];

    public ClusterMember? Find(string address) => _members.GetValueOrDefault(address);

    /// <summary>Hosts with a role to which messages can be sent.</summary>
    public IEnumerable<ClusterMember> Usable(string role) => All.Where(member => member.IsUsable && member.Roles.Contains(role));

    public void Set(ClusterMember member) => _members[member.Address] = member;

    public void Remove(string address) => _members.TryRemove(address, out _);

    /// <summary>The cluster system has ended, so nobody can be reached.</summary>
    public void Clear() => _members.Clear();
}

/// <summary>What happens to other hosts. Called on any thread; returns at once.</summary>
internal interface IMembershipListener
{
    /// <summary>Messages can be sent to the host.</summary>
    void Reachable(string address);

    /// <summary>The host does not answer, has left, or was started again: what it had is lost.</summary>
    void Unreachable(string address);
}
