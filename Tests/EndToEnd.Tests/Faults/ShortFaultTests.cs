using MobileVlm.Edge.Tools.Faults;

namespace MobileVlm.Edge.EndToEnd.Tests.Faults;

/// <summary>A few of the faults with each run of the tests; all of them are <c>Tests/Tools/Faults/run.sh</c>.</summary>
public sealed class ShortFaultTests
{
    [Fact]
    public async Task Every_event_arrives_after_the_broker_was_killed() => Check(await BrokerFaults.KilledAsync());

    [Fact]
    public async Task Every_event_arrives_after_the_service_was_killed_while_the_broker_was_away() =>
        Check(await KillFaults.RunAsync(kills: 4, seed: Environment.TickCount));

    [Fact]
    public async Task What_an_outbox_had_to_give_up_is_told_with_the_events_that_arrive()
    {
        var result = await MachineFaults.LimitAsync();
        Check(result);
        Assert.True(result.Count!.ReportedLost > 0, "Nothing was given up.");
    }

    private static void Check(FaultResult result) =>
        Assert.True(FaultRun.Kept(result.Count!), $"{result.Count} {result.Note}");
}
