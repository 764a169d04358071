namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>What a host does after a round of questions.</summary>
internal enum IslandDecision
{
    /// <summary>Nothing.</summary>
    Stay,

    /// <summary>It leaves its part of the cluster and joins <see cref="IslandMonitor.Others"/>.</summary>
    Rejoin,

    /// <summary>It is not a member yet and joins <see cref="IslandMonitor.Others"/>, because no seed can be reached.</summary>
    Join,

    /// <summary>It founds the cluster in place of seeds that do not live.</summary>
    Found,
}

/// <summary>Detects a part of a split cluster that does not rejoin by itself: hosts answer that are not reachable members here. Also detects
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

    /// <summary>An answer counts in this many checks: on an overloaded machine it may come after the check that asked for it.</summary>
    private const int ChecksPerAnswer = 2;

    private readonly Dictionary<string, (int Round, IReadOnlyList<string> Part)> _answered = [];
    private int _round;
    private int _found;
    private int _alone;

    /// <summary>Hosts that answered lately and are not reachable members here, in the order of the seeds, others last. Set by
    /// <see cref="EndRound"/>.</summary>
    public IReadOnlyList<string> Others { get; private set; } = [];

    /// <summary>Seeds that are to be asked whether they live: they are no reachable members.</summary>
    public static IReadOnlyList<string> Missing(string self, IEnumerable<string> seeds, IReadOnlyCollection<ClusterMember> members) =>
        [.. seeds.Where(seed => seed != self && !members.Any(member => member.Address == seed && member.IsReachable))];

    /// <summary>A seed lives that was missing when it was asked.</summary>
    public void Answered(string seed) => Answered(seed, [seed]);

    /// <summary>A host lives that has reported a part of the cluster. It may be no seed.</summary>
    /// <param name="host">The host.</param>
    /// <param name="part">The hosts that it works with, itself included.</param>
    public void Answered(string host, IReadOnlyList<string> part)
    {
        if (seeds.Contains(host) || part.Count > 1)
        {
            _answered[host] = (_round, part);
        }
    }

    /// <summary>Ends one round of questions.</summary>
    /// <param name="isMember">This host is a member, or is about to become one.</param>
    /// <param name="isUp">It is a full or a weakly accepted member; while it still joins, it leaves no part.</param>
    /// <param name="members">The other members now.</param>
    /// <returns>What this host should do.</returns>
    public IslandDecision EndRound(bool isMember, bool isUp, IReadOnlyCollection<ClusterMember> members)
    {
        var reachable = members.Where(member => member.IsReachable).Select(member => member.Address).ToList();
        foreach (var (host, answer) in _answered.ToList())
        {
            // A host that works with a member of this part is about to become one, or was one.
            var isSame = reachable.Contains(host) || (!seeds.Contains(host) && answer.Part.Any(reachable.Contains));
            if (isSame || _round - answer.Round >= ChecksPerAnswer)
            {
                _answered.Remove(host);
            }
        }

        _round++;
        Others = [.. _answered.Keys.OrderBy(host => First([host])).ThenBy(host => host, StringComparer.Ordinal)];
        return isMember ? Member(isUp, reachable) : Joining();
    }

    private IslandDecision Joining()
    {
        _found = 0;
        var answering = Others.Where(seeds.Contains).ToList();
        _alone = seeds.Contains(self) && (answering.Count == 0 || IsBefore([self], answering)) ? _alone + 1 : 0;
        if (_alone < (answering.Count == 0 ? ChecksBeforeFounding : ChecksBeforeFoundingAmongOthers))
        {
            return IslandDecision.Stay;
        }

        _alone = 0;
        return Others.Count > answering.Count ? IslandDecision.Join : IslandDecision.Found;
    }

    private IslandDecision Member(bool isUp, List<string> reachable)
    {
        _alone = 0;
        if (!isUp || Others.Count == 0)
        {
            _found = 0;
            return IslandDecision.Stay;
        }

        _found++;
        var others = _answered.Values.SelectMany(answer => answer.Part).ToHashSet();
        var shouldRejoin = reachable.Count == 0
            ? _found >= (IsBefore([self], others) ? ChecksWhenFirst : ChecksWhenAlone)
            : _found >= ChecksAmongOthers && !IsBefore([self, .. reachable], others);
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
