using MobileVlm.Edge.Tools.Faults;

namespace MobileVlm.Edge.EndToEnd.Tests.Faults;

/// <summary>A few of the fault scenarios in each run of the tests; <c>Tests/Tools/Faults/run.sh</c> runs all of them.</summary>
public sealed class ShortFaultTests
{
    [Fact]
    public async Task Every_event_arrives_after_the_broker_was_killed() => Check(await BrokerFaults.KilledAsync());

    [Fact]
    public async Task Every_event_arrives_after_the_service_was_killed_while_the_broker_was_away() =>
        Check(await KillFaults.RunAsync(kills: 4, seed: Environment.TickCount));

    [Fact]
    public async Task Events_that_the_outbox_dropped_are_reported_with_those_that_arrive()
    {
        var result = await MachineFaults.LimitAsync();
        Check(result);
        Assert.True(result.Count!.ReportedLost > 0, "No event was dropped.");
    }

    private static void Check(FaultResult result) =>
        Assert.True(FaultRun.Kept(result.Count!), $"{result.Count} {result.Note}");
}
