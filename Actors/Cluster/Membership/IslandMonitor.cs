namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>What a host does after a round of questions.</summary>
internal enum IslandDecision
{
    /// <summary>Nothing.</summary>
    Stay,

    /// <summary>It leaves its part of the cluster and joins again.</summary>
    Rejoin,

    /// <summary>It founds the cluster in place of seeds that do not live.</summary>
    Found,
}

/// <summary>Detects a part of a split cluster that does not rejoin by itself: seeds answer that are not reachable members here. Also detects
/// that no cluster exists, because the first seeds do not answer. One caller at a time.</summary>
/// <param name="self">This host, <c>host:port</c>.</param>
/// <param name="seeds">The seeds, in the order that all hosts have.</param>
internal sealed class IslandMonitor(string self, IReadOnlyList<string> seeds)
{
    /// <summary>Checks in a row after which a host that is alone joins again.</summary>
    public const int ChecksWhenAlone = 3;

    /// <summary>The same for a host that is alone and comes first among the seeds: two hosts that are alone must not both leave.</summary>
    public const int ChecksWhenFirst = 4;

    /// <summary>The same for a host among others, if the seeds of its part come last: a host that is alone is quicker.</summary>
    public const int ChecksAmongOthers = 12;

    /// <summary>Checks in a row after which a seed that is not a member founds the cluster, if no other seed answers. Akka lets only the
    /// first seed do so: without it no other host would ever work.</summary>
    public const int ChecksBeforeFounding = 3;

    /// <summary>The same where seeds answer that come later: they may be a cluster that is about to accept this host.</summary>
    public const int ChecksBeforeFoundingAmongOthers = 8;

    private readonly HashSet<string> _answered = [];
    private int _found;
    private int _alone;

    /// <summary>Seeds that are to be asked whether they live: they are no reachable members.</summary>
    public static IReadOnlyList<string> Missing(string self, IEnumerable<string> seeds, IReadOnlyCollection<ClusterMember> members) =>
        [.. seeds.Where(seed => seed != self && !members.Any(member => member.Address == seed && member.IsReachable))];

    /// <summary>A seed lives that was missing when it was asked.</summary>
    public void Answered(string seed) => _answered.Add(seed);

    /// <summary>Ends one round of questions.</summary>
    /// <param name="isMember">This host is a member, or is about to become one.</param>
    /// <param name="isUp">It is a full or a weakly accepted member; while it still joins, it leaves no part.</param>
    /// <param name="members">The other members now.</param>
    /// <returns>What this host should do.</returns>
    public IslandDecision EndRound(bool isMember, bool isUp, IReadOnlyCollection<ClusterMember> members)
    {
        var missing = Missing(self, seeds, members).Where(_answered.Contains).ToList();
        _answered.Clear();
        _alone = !isMember && seeds.Contains(self) && (missing.Count == 0 || IsBefore([self], missing)) ? _alone + 1 : 0;
        if (_alone >= (missing.Count == 0 ? ChecksBeforeFounding : ChecksBeforeFoundingAmongOthers))
        {
            _alone = 0;
            return IslandDecision.Found;
        }

        if (!isUp || missing.Count == 0)
        {
            _found = 0;
            return IslandDecision.Stay;
        }

        _found++;
        var reachable = members.Where(member => member.IsReachable).Select(member => member.Address).ToList();
        var shouldRejoin = reachable.Count == 0
            ? _found >= (IsBefore([self], missing) ? ChecksWhenFirst : ChecksWhenAlone)
            : _found >= ChecksAmongOthers && !IsBefore([self, .. reachable], missing);
        return shouldRejoin ? IslandDecision.Rejoin : IslandDecision.Stay;
    }

    /// <summary>Whether the first seed of one part comes before the first seed of the other.</summary>
    private bool IsBefore(IReadOnlyCollection<string> own, IReadOnlyCollection<string> others) => First(own) < First(others);

    private int First(IReadOnlyCollection<string> part)
    {
        for (var at = 0; at < seeds.Count; at++)
        {
            if (part.Contains(seeds[at]))
            {
                return at;
            }
        }

        return int.MaxValue;
    }
}
