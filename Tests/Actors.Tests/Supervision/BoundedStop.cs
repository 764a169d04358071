using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>A stop ends within its time limit if any part hangs, and its other steps are done.</summary>
public abstract class BoundedStop
{
    protected static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    private protected FakeTime Time { get; } = new();

    private protected EdgeRig Rig(IEventOutbox? outbox = null)
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = Time, Outbox = outbox };
        return rig.With(pipeline => pipeline with { StopWithin = Within });
    }

    private protected static Task StopAsync(EdgeRig rig, params string[] leftBehind) =>
        StopAsync(rig, leftBehind, waitingFor: []);

    /// <summary>Stops, and checks that it is done in time.</summary>
    /// <param name="rig">Stopped.</param>
    /// <param name="leftBehind">The steps that do not end, and no others.</param>
    /// <param name="waitingFor">The steps that wait for a limit, and then end.</param>
    /// <param name="passes">Whether time may pass just then. Null: always.</param>
    private protected static async Task StopAsync(
        EdgeRig rig, string[] leftBehind, string[] waitingFor, Func<TimeSpan, bool>? passes = null)
    {
        var took = await rig.StopOnManualTimeAsync([.. leftBehind, .. waitingFor], passes);

        // The clock may move one step more while the stop, whose time is over, still ends.
        Assert.InRange(took, TimeSpan.Zero, Within + (Within / 100));
        Assert.Equal(leftBehind.Order(), rig.Edge.LeftBehind.Order());
        if (!leftBehind.Contains("engine"))
        {
            await rig.Engine.Done.UntilAsync(done => done.Contains("dispose encoder"), "the sessions");
        }

        Assert.Equal(EdgeOutcomeKind.Stopped, (await rig.Edge.Completion).Kind);
    }
}
