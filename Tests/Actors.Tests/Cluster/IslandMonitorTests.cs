using MobileVlm.Edge.Actors.Cluster.Membership;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class IslandMonitorTests
{
    private static readonly string[] Seeds = ["b:1", "c:1"];

    private static ClusterMember Member(string address, bool isReachable = true) => new(address, 1, ["inference"], IsUp: true, isReachable);

    private static int RoundsUntilRejoin(string self, IReadOnlyCollection<ClusterMember> members, string answering, bool isUp = true)
    {
        var monitor = new IslandMonitor(self, Seeds);
        for (var round = 1; round <= 50; round++)
        {
            monitor.Answered(answering);
            if (monitor.EndRound(isMember: true, isUp, members) == IslandDecision.Rejoin)
            {
                return round;
            }
        }

        return int.MaxValue;
    }

    [Fact]
    public void A_host_that_is_alone_joins_again_after_three_answers_of_a_seed() =>
        Assert.Equal(IslandMonitor.ChecksWhenAlone, RoundsUntilRejoin("a:1", [], "b:1"));

    [Fact]
    public void An_old_incarnation_that_is_unreachable_does_not_count_as_a_member() =>
        Assert.Equal(IslandMonitor.ChecksWhenAlone, RoundsUntilRejoin("a:1", [Member("b:1", isReachable: false)], "b:1"));

    [Fact]
    public void Of_two_seeds_that_are_alone_the_later_one_gives_way() =>
        Assert.True(RoundsUntilRejoin("c:1", [], "b:1") < RoundsUntilRejoin("b:1", [], "c:1"));

    [Fact]
    public void A_first_seed_that_is_alone_gives_way_before_a_larger_part_does() =>
        Assert.True(RoundsUntilRejoin("b:1", [], "c:1") < RoundsUntilRejoin("c:1", [Member("a:1")], "b:1"));

    [Fact]
    public void Of_two_larger_parts_only_the_one_whose_seeds_come_last_gives_way()
    {
        Assert.Equal(IslandMonitor.ChecksAmongOthers, RoundsUntilRejoin("c:1", [Member("a:1")], "b:1"));
        Assert.Equal(int.MaxValue, RoundsUntilRejoin("b:1", [Member("a:1")], "c:1"));
    }

    [Fact]
    public void Nothing_happens_while_it_joins_while_all_are_members_or_while_nobody_answers()
    {
        Assert.Equal(int.MaxValue, RoundsUntilRejoin("a:1", [], "b:1", isUp: false));
        Assert.Equal(int.MaxValue, RoundsUntilRejoin("a:1", [Member("b:1"), Member("c:1")], "b:1"));
        Assert.Equal(int.MaxValue, RoundsUntilRejoin("a:1", [], "somebody:1"));
    }

    private static int RoundsUntilFounding(string self, string answering, bool isMember = false)
    {
        var monitor = new IslandMonitor(self, Seeds);
        for (var round = 1; round <= 50; round++)
        {
            monitor.Answered(answering);
            if (monitor.EndRound(isMember, isUp: false, []) == IslandDecision.Found)
            {
                return round;
            }
        }

        return int.MaxValue;
    }

    [Fact]
    public void A_seed_founds_the_cluster_where_no_seed_before_it_answers()
    {
        Assert.Equal(IslandMonitor.ChecksBeforeFounding, RoundsUntilFounding("c:1", "nobody:1"));
        Assert.Equal(IslandMonitor.ChecksBeforeFoundingAmongOthers, RoundsUntilFounding("b:1", "c:1"));
    }

    [Fact]
    public void Nobody_else_founds_a_cluster()
    {
        Assert.Equal(int.MaxValue, RoundsUntilFounding("c:1", "b:1"));
        Assert.Equal(int.MaxValue, RoundsUntilFounding("a:1", "nobody:1"));
        Assert.Equal(int.MaxValue, RoundsUntilFounding("c:1", "nobody:1", isMember: true));
    }
}
