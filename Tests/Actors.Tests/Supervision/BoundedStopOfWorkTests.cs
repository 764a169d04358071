using Akka.Actor.Internal;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.AdHoc;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>The engine, a camera or an actor hangs, and the stop ends in time.</summary>
public sealed class BoundedStopOfWorkTests : BoundedStop
{
    [Theory]
    [InlineData("encoder")]
    [InlineData("answerer")]
    public async Task A_native_call_that_hangs(string part)
    {
        var hanging = new HoldPoint();
        await using var rig = Rig();
        rig.Engine.OnEncode = _ => PassIf(part == "encoder");
        rig.Engine.OnAsk = (_, _, _) =>
        {
            PassIf(part == "answerer");
            return FinishReason.Stopped;
        };
        await rig.StartAsync();
        rig.Camera.Push();
        await hanging.Reached;

        await StopAsync(rig, "answers in progress", "engine");

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        Assert.Equal("disposed", rig.Link.Published.Items[^1]);
        hanging.Open();
        await rig.Engine.Done.UntilAsync(done => done.Contains("dispose encoder"), "the sessions after all");
        await Eventually.TrueAsync(() => rig.Pool.Outstanding == 0 && rig.Engine.HoldsNoTokens, "the frames after all");

        void PassIf(bool isMeant)
        {
            if (isMeant)
            {
                hanging.Pass();
            }
        }
    }

    [Fact]
    public async Task A_session_whose_end_hangs()
    {
        await using var rig = Rig();
        var hanging = new HoldPoint();
        rig.Engine.OnDispose = hanging.Pass;
        await rig.StartAsync();

        await StopAsync(rig, "engine");

        Assert.Equal("disposed", rig.Link.Published.Items[^1]);
        hanging.Open();
        await rig.Engine.Done.UntilAsync(done => done.Contains("dispose encoder"), "the sessions after all");
    }

    [Fact]
    public async Task A_session_that_cannot_be_disposed_does_not_keep_the_other_one_open()
    {
        await using var rig = Rig();
        rig.ExpectsSoundSessions = false;
        var first = true;
        rig.Engine.OnDispose = () =>
        {
            if (first)
            {
                first = false;
                rig.Engine.Forget();
                throw new InvalidOperationException("as the test wants");
            }
        };
        await rig.StartAsync();

        await StopAsync(rig);

        Assert.Contains("dispose encoder", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task A_picture_whose_decoding_hangs()
    {
        await using var rig = Rig();
        var hanging = new HoldPoint();
        rig.Decode = _ =>
        {
            hanging.Pass();
            throw new ImageFileException("the picture", "too late");
        };
        await rig.StartAsync();
        rig.Ask("""{"id": "1", "question": "ad hoc", "picture": "MQ=="}""", "mobilevlm/box/ask");
        await hanging.Reached;

        await StopAsync(rig, "uploaded pictures");

        Assert.Equal("failed", Assert.Single(rig.Replies()).Text("status"));
        hanging.Open();
    }

    [Fact]
    public async Task A_camera_that_never_returns()
    {
        await using var rig = Rig();
        rig.Build();
        rig.Camera.Broken = () => new TaskCompletionSource<CaptureEnd>().Task;
        await rig.Edge.StartAsync();
        await rig.Camera.Attempts.UntilCountAsync(1);

        await StopAsync(rig, "cameras");

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
    }

    [Fact]
    public async Task A_supervisor_that_does_not_answer()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("file", EdgeRig.Always), EdgeRig.Plan("gate", EdgeRig.Always)) { Time = Time }
            .With(pipeline => pipeline with { StopWithin = Within });
        var hanging = new HoldPoint();
        rig.Log.OnLine = line =>
        {
            if (line.Text.StartsWith("file has no more frames", StringComparison.Ordinal))
            {
                hanging.Pass();
            }
        };
        await rig.StartAsync();
        rig.Camera.End(CaptureEndKind.Finished);
        await hanging.Reached;

        // What is answered is reported through the supervisor.
        await StopAsync(rig, "supervisor", "answers in progress", "actors");

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        Assert.Contains("dispose encoder", rig.Engine.Done.Items);
        hanging.Open();
        await rig.Edge.Actors!.WhenTerminated.WaitAsync(Eventually.Patience);
    }

    [Fact]
    public async Task An_actor_that_never_ends()
    {
        await using var rig = Rig().With(pipeline => pipeline with { StatsEvery = TimeSpan.FromSeconds(1) });
        var hanging = new HoldPoint();
        rig.Placement = () =>
        {
            // The publisher composes statistics as well.
            if (InternalCurrentActorCellKeeper.Current?.Self.Path.Name == "stats")
            {
                hanging.Pass();
            }

            return ModelPlacement.Unknown;
        };
        await rig.StartAsync();
        await Time.Waits.UntilAsync(waits => waits.Contains(TimeSpan.FromSeconds(1)), "the statistics to wait for their time");
        Time.Advance(TimeSpan.FromSeconds(1));
        await hanging.Reached;

        await StopAsync(rig, "statistics", "actors");

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        hanging.Open();
        await rig.Edge.Actors!.WhenTerminated.WaitAsync(Eventually.Patience);
    }
}
