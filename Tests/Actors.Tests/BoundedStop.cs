using System.Diagnostics;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Actors.Tests;

/// <summary>Whatever hangs, a stop ends within its time and the rest of it is done.</summary>
public abstract class BoundedStop
{
    protected static readonly TimeSpan Within = TimeSpan.FromSeconds(2);

    // A loaded machine may be slow; what hangs does so for ever.
    private static readonly TimeSpan Patience = Within + TimeSpan.FromSeconds(4);

    private protected static EdgeRig Rig(IEventOutbox? outbox = null)
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Outbox = outbox };
        return rig.With(pipeline => pipeline with { StopWithin = Within });
    }

    private protected static async Task StopAsync(EdgeRig rig, params string[] leftBehind)
    {
        var started = Stopwatch.GetTimestamp();
        await rig.Edge.StopAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, Patience);

        // On a loaded machine another step may be late as well; it ends all the same, which the rig then checks.
        Assert.Subset(rig.Edge.LeftBehind.ToHashSet(), leftBehind.ToHashSet());
        if (!leftBehind.Contains("engine"))
        {
            await rig.Engine.Done.UntilAsync(done => done.Contains("dispose encoder"), "the sessions");
        }

        Assert.Equal(EdgeOutcomeKind.Stopped, (await rig.Edge.Completion).Kind);
    }
}
