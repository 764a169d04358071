namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>Finds out that this host belongs to a part of the cluster that does not find back to the others by itself: seeds live that are
/// no reachable members here. One caller at a time.</summary>
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

    private readonly HashSet<string> _answered = [];
    private int _found;

    /// <summary>Seeds that are to be asked whether they live: they are no reachable members.</summary>
    public static IReadOnlyList<string> Missing(string self, IEnumerable<string> seeds, IReadOnlyCollection<ClusterMember> members) =>
        [.. seeds.Where(seed => seed != self && !members.Any(member => member.Address == seed && member.IsReachable))];

    /// <summary>A seed lives that was missing when it was asked.</summary>
    public void Answered(string seed) => _answered.Add(seed);

    /// <summary>Ends one round of questions.</summary>
    /// <param name="isUp">This host is a member itself; while it still joins, nothing is decided.</param>
    /// <param name="members">The other members now.</param>
    /// <returns>True when this host should leave its part and join again.</returns>
    public bool EndRound(bool isUp, IReadOnlyCollection<ClusterMember> members)
    {
        var missing = Missing(self, seeds, members).Where(_answered.Contains).ToList();
        _answered.Clear();
        if (!isUp || missing.Count == 0)
        {
            _found = 0;
            return false;
        }

        _found++;
        var reachable = members.Where(member => member.IsReachable).Select(member => member.Address).ToList();
        if (reachable.Count == 0)
        {
            return _found >= (IsBefore([self], missing) ? ChecksWhenFirst : ChecksWhenAlone);
        }

        return _found >= ChecksAmongOthers && !IsBefore([self, .. reachable], missing);
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
