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

    private static (int Round, IslandMonitor Monitor) RoundsUntil(
        IslandDecision decision, string self, IReadOnlyCollection<ClusterMember> members, bool isMember, string reporter, params string[] part)
    {
        var monitor = new IslandMonitor(self, Seeds);
        for (var round = 1; round <= 50; round++)
        {
            monitor.Answered(reporter, part);
            if (monitor.EndRound(isMember, isUp: isMember, members) == decision)
            {
                return (round, monitor);
            }
        }

        return (int.MaxValue, monitor);
    }

    [Fact]
    public void A_seed_that_founded_a_cluster_joins_the_others_through_a_host_that_is_no_seed()
    {
        var (round, monitor) = RoundsUntil(IslandDecision.Rejoin, "c:1", [], isMember: true, "a:1", "a:1", "b:1");
        Assert.Equal(IslandMonitor.ChecksWhenAlone, round);
        Assert.Equal(["a:1"], monitor.Others);
    }

    [Fact]
    public void A_seed_that_starts_joins_through_a_host_that_is_no_seed_and_founds_nothing()
    {
        Assert.Equal(
            IslandMonitor.ChecksBeforeFounding,
            RoundsUntil(IslandDecision.Join, "c:1", [], isMember: false, "a:1", "a:1", "b:1").Round);
        Assert.Equal(
            int.MaxValue, RoundsUntil(IslandDecision.Found, "c:1", [], isMember: false, "a:1", "a:1", "b:1").Round);
    }

    [Fact]
    public void Of_two_larger_parts_without_a_way_between_their_seeds_only_the_last_one_gives_way()
    {
        var (round, _) = RoundsUntil(IslandDecision.Rejoin, "c:1", [Member("d:1")], isMember: true, "a:1", "a:1", "b:1");
        Assert.Equal(IslandMonitor.ChecksAmongOthers, round);
        Assert.Equal(
            int.MaxValue, RoundsUntil(IslandDecision.Rejoin, "b:1", [Member("a:1")], isMember: true, "d:1", "d:1", "c:1").Round);
    }

    [Fact]
    public void A_host_that_works_with_a_member_of_this_part_is_no_other_part() => Assert.Equal(
        int.MaxValue, RoundsUntil(IslandDecision.Rejoin, "c:1", [Member("b:1")], isMember: true, "a:1", "a:1", "b:1").Round);

    [Fact]
    public void An_answer_that_comes_in_each_second_check_is_enough_on_a_slow_machine()
    {
        var monitor = new IslandMonitor("c:1", Seeds);
        var decisions = Enumerable.Range(0, 6).Select(round =>
        {
            if (round % 2 == 0)
            {
                monitor.Answered("b:1");
            }

            return monitor.EndRound(isMember: true, isUp: true, []);
        }).ToList();
        Assert.Contains(IslandDecision.Rejoin, decisions);
        Assert.Equal(IslandDecision.Stay, new IslandMonitor("c:1", Seeds).EndRound(isMember: true, isUp: true, []));
    }
}
