using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

public sealed class EngineFaultTests
{
    [Theory]
    [InlineData("encode")]
    [InlineData("ask")]
    public async Task A_session_that_throws_has_the_pipeline_replaced_and_later_frames_answered(string where)
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Engine.OnEncode = sequence => ThrowIf(where == "encode" && sequence == 1);
        rig.Engine.OnAsk = (sequence, _, _) =>
        {
            ThrowIf(where == "ask" && sequence == 1);
            return FinishReason.Stopped;
        };
        await rig.StartAsync();

        rig.Camera.Push();
        await Eventually.TrueAsync(() => rig.Stats.Pipeline.Restarts == 1, "the replacement");
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(1);

        Assert.Equal(2, answers[0].Sequence.Value);
        Assert.Equal(1, rig.Stats.Cameras["gate"].FramesFailed);
        Assert.Equal(
            ["open encoder", "open answerer", "dispose answerer", "dispose encoder", "open encoder", "open answerer"],
            rig.Engine.Done.Items.Where(done => done.Split(' ')[0] is "open" or "dispose"));
    }

    [Fact]
    public async Task A_frame_encoded_while_answering_fails_is_given_back_and_counted()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).Overlapping();
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (sequence, _, _) =>
        {
            answering.Pass();
            ThrowIf(sequence == 1);
            return FinishReason.Stopped;
        };
        await rig.StartAsync();

        rig.Camera.Push();
        await answering.Reached;
        rig.Camera.Push();
        await rig.Engine.Done.UntilAsync(done => done.Contains("encoded 2"), "the second encoding");
        answering.Open();
        await Eventually.TrueAsync(() => rig.Stats.Pipeline.Restarts == 1, "the replacement");
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(1);

        Assert.Equal(3, answers[0].Sequence.Value);
        Assert.Equal(2, rig.Stats.Cameras["gate"].FramesFailed);
    }

    [Fact]
    public async Task An_engine_that_fails_beyond_its_budget_ends_the_system_as_failed()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
            .With(pipeline => pipeline with { RestartBudget = new RestartBudget(2, TimeSpan.FromHours(1)) });
        rig.Engine.OnAsk = (_, _, _) => throw new InvalidOperationException("the device is gone");
        await rig.StartAsync();

        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(2));
        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(EdgeOutcomeKind.Failed, outcome.Kind);
        Assert.Equal("the device is gone", outcome.Reason);
        Assert.Equal(2, rig.Stats.Pipeline.Restarts);
        Assert.Equal(3, rig.Engine.Done.Items.Count(done => done == "open encoder"));
        Assert.Equal(3, rig.Engine.Done.Items.Count(done => done == "dispose encoder"));
    }

    [Fact]
    public async Task An_engine_that_cannot_be_opened_again_spends_the_budget_too()
    {
        var opened = 0;
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
            .With(pipeline => pipeline with { RestartBudget = new RestartBudget(2, TimeSpan.FromHours(1)) });
        rig.Engine.OnOpen = () => ThrowIf(Interlocked.Increment(ref opened) > 2);
        rig.Engine.OnAsk = (_, _, _) => throw new InvalidOperationException("the device is gone");
        await rig.StartAsync();

        rig.Camera.Push();
        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(EdgeOutcomeKind.Failed, outcome.Kind);
        Assert.Equal("as the test wants", outcome.Reason);
    }

    [Fact]
    public async Task An_engine_that_cannot_be_opened_at_all_refuses_the_start()
    {
        var opened = 0;
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        // The second session: the first one is open already and must be given back.
        rig.Engine.OnOpen = () => ThrowIf(Interlocked.Increment(ref opened) == 2);
        rig.Build();

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(rig.Edge.StartAsync);

        Assert.Equal("as the test wants", fault.Message);
        Assert.Equal(["open encoder", "dispose encoder"], rig.Engine.Done.Items);
    }

    [Fact]
    public async Task A_camera_that_throws_again_and_again_disturbs_no_other()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("bad", EdgeRig.Always), EdgeRig.Plan("good", EdgeRig.Always));
        rig.Build();
        rig.Cameras[0].Broken = () => throw new InvalidOperationException("driver");
        await rig.Edge.StartAsync();
        await rig.Cameras[1].Attempts.UntilCountAsync(1);

        rig.Play(rig.Cameras[1], TimeSpan.FromMilliseconds(2));
        await rig.Cameras[0].Attempts.UntilCountAsync(5);
        await rig.Answers.UntilCountAsync(10);

        Assert.Single(rig.Cameras[1].Attempts.Items);
        Assert.True(rig.Stats.Cameras["bad"].CaptureRestarts >= 4);
        Assert.Equal(0, rig.Stats.Cameras["good"].CaptureRestarts);
        Assert.DoesNotContain("mobilevlm/box/bad/availability=online", rig.Link.Published.Items);
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "bad:"));
    }

    [Fact]
    public async Task A_camera_that_blocks_while_it_opens_disturbs_no_other()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("bad", EdgeRig.Always), EdgeRig.Plan("good", EdgeRig.Always));
        var opening = new HoldPoint();
        rig.Build();
        rig.Cameras[0].Broken = () =>
        {
            opening.Pass();
            return Task.FromResult(new CaptureEnd(CaptureEndKind.Cancelled, "at last", 0));
        };
        await rig.Edge.StartAsync();
        await opening.Reached;
        await rig.Cameras[1].Attempts.UntilCountAsync(1);

        rig.Cameras[1].Push();
        await rig.Answers.UntilCountAsync(1);

        opening.Open();
    }

    [Fact]
    public async Task A_listener_that_throws_stops_nothing()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Build();
        rig.Edge.Answered += _ => throw new InvalidOperationException("listener");
        await rig.Edge.StartAsync();
        await rig.Camera.Attempts.UntilCountAsync(1);

        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(
            published => published.Contains("mobilevlm/box/gate/person/state=frame 1"), "the state");

        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task Nothing_leaks_when_everything_fails_at_random_and_the_system_is_stopped_in_the_middle()
    {
        await using var rig = new EdgeRig(
            EdgeRig.Plan("a", EdgeRig.Always, snapshot: true),
            EdgeRig.Plan("b", TimeSpan.FromMilliseconds(3)),
            EdgeRig.Plan("c", EdgeRig.Always))
            .Overlapping()
            .With(pipeline => pipeline with { RestartBudget = new RestartBudget(int.MaxValue, TimeSpan.FromHours(1)) });
        rig.Engine.OnEncode = sequence =>
        {
            ThrowIf(sequence % 17 == 0);
            if (sequence % 5 == 0)
            {
                throw new ArgumentException("not a picture");
            }
        };
        rig.Engine.OnAsk = (sequence, _, _) =>
        {
            ThrowIf(sequence % 13 == 0);
            return FinishReason.Stopped;
        };
        rig.Link.OnPublish = message =>
        {
            if (message.Payload.Length % 7 == 0)
            {
                rig.Link.Drop();
            }

            return Task.FromResult(Connectors.Mqtt.Client.PublishOutcomeKind.Accepted);
        };
        await rig.StartAsync();

        foreach (var camera in rig.Cameras)
        {
            rig.Play(camera, TimeSpan.FromMilliseconds(1));
        }

        await rig.Answers.UntilCountAsync(100);
        rig.Cameras[2].End(CaptureEndKind.Stalled);
        await rig.Answers.UntilCountAsync(200);

        Assert.True(rig.Stats.Pipeline.Restarts > 0);
        await rig.StopAsync();
        var a = rig.Stats.Cameras["a"];
        Assert.True(a.FramesCaptured >= a.FramesUsed + a.FramesFailed + a.FramesReplaced + a.FramesIdle + a.FramesStale, a.ToString());
    }

    private static void ThrowIf(bool condition)
    {
        if (condition)
        {
            throw new InvalidOperationException("as the test wants");
        }
    }
}
