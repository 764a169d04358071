using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

public sealed class StopTests
{
    [Fact]
    public async Task An_answer_in_progress_is_finished_and_sent_before_stopped()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, _, cancel) =>
        {
            answering.PassUnlessCancelled(cancel);
            return FinishReason.Stopped;
        };
        var publishedAtDisposal = new List<string>();
        rig.Engine.OnDispose = () => publishedAtDisposal = [.. rig.Link.Published.Items];
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;
        rig.Camera.Push();

        var stopping = rig.Edge.StopAsync();
        answering.Open();
        await stopping;

        var published = rig.Link.Published.Items;
        Assert.Equal(
            ["mobilevlm/box/gate/availability=offline", "mobilevlm/box/availability=stopped", "disconnect", "disposed"],
            published.TakeLast(4));
        Assert.Contains("mobilevlm/box/gate/person/state=frame 1", published);
        Assert.Equal("disconnect", publishedAtDisposal[^1]);
        Assert.Equal(EdgeOutcomeKind.Stopped, (await rig.Edge.Completion).Kind);
        Assert.DoesNotContain("encode 2", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_is_cancelled_within_the_limit_and_not_published()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = new FakeTime() }
            .With(pipeline => pipeline with { StopWithin = TimeSpan.FromSeconds(2) });
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, _, cancel) =>
        {
            answering.PassUnlessCancelled(cancel);
            return FinishReason.Stopped;
        };
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;

        await rig.StopOnManualTimeAsync(["answers in progress"], elapsed => elapsed < TimeSpan.FromSeconds(1));

        Assert.Empty(rig.Answers.Items);
        Assert.Equal(0, rig.Stats.Cameras["gate"].FramesFailed);
        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        Assert.DoesNotContain(rig.Log.Lines.Items, line => line.Text.StartsWith("Stopping", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_is_in_a_hurry_cancels_the_answer_at_once()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
            .With(pipeline => pipeline with { StopWithin = TimeSpan.FromMinutes(10) });
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, _, cancel) =>
        {
            answering.PassUnlessCancelled(cancel);
            return FinishReason.Stopped;
        };
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;

        await rig.Edge.StopAsync(new CancellationToken(canceled: true)).WaitAsync(Eventually.Patience);

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
    }

    [Fact]
    public async Task A_question_cancelled_by_the_engine_is_not_published_but_those_before_it_are()
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Once) with
        {
            Questions =
            [
                new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Once),
                new StandingQuestion("scene", "scene", QuestionKind.Text, EdgeRig.Once),
            ],
        };
        await using var rig = new EdgeRig(plan) { Time = new FakeTime() }
            .With(pipeline => pipeline with { StopWithin = TimeSpan.FromSeconds(2) });
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, question, cancel) =>
        {
            if (question.Text == "person")
            {
                return FinishReason.Stopped;
            }

            try
            {
                answering.PassUnlessCancelled(cancel);
                return FinishReason.Stopped;
            }
            catch (OperationCanceledException)
            {
                return FinishReason.Cancelled;
            }
        };
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;

        await rig.StopOnManualTimeAsync(["answers in progress"], elapsed => elapsed < TimeSpan.FromSeconds(1));

        Assert.Equal("person", Assert.Single(Assert.Single(rig.Answers.Items).Answers).Question.Id);
        Assert.Contains("mobilevlm/box/gate/person/state=frame 1", rig.Link.Published.Items);
    }

    [Fact]
    public async Task A_call_that_hangs_neither_holds_up_the_stop_nor_has_its_session_disposed_under_it()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = new FakeTime() }
            .With(pipeline => pipeline with { StopWithin = TimeSpan.FromSeconds(3) });
        var hanging = rig.HoldAnswers();
        await rig.StartAsync();
        rig.Camera.Push();
        await hanging.Reached;

        await rig.StopOnManualTimeAsync(["answers in progress", "engine"]);

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        Assert.DoesNotContain("dispose answerer", rig.Engine.Done.Items);
        Assert.Single(rig.Log.Logged(LogLevel.Error, "Stopping: engine did not end in time"));
        hanging.Open();
        await rig.Engine.Done.UntilAsync(done => done.Contains("dispose encoder"), "the sessions after all");
        await Eventually.TrueAsync(() => rig.Pool.Outstanding == 0 && rig.Engine.HoldsNoTokens, "the frames after all");
    }

    [Fact]
    public async Task A_broker_that_never_acknowledges_does_not_hold_up_the_stop()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = new FakeTime() }
            .With(pipeline => pipeline with { StopWithin = TimeSpan.FromSeconds(1) });
        rig.Link.OnPublish = _ => new TaskCompletionSource<PublishOutcomeKind>().Task;
        await rig.StartAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        await rig.StopOnManualTimeAsync(["broker"]);

        Assert.Contains("dispose encoder", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task A_frame_that_gets_no_further_is_stuck_and_one_that_does_is_not()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        var answering = rig.HoldAnswers();
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;

        time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(TimeSpan.FromMinutes(6), rig.Edge.StuckFor);
        answering.Open();
        await rig.Answers.UntilCountAsync(1);
        await Eventually.TrueAsync(() => rig.Edge.StuckFor == TimeSpan.Zero, "the pipeline to move");
    }

    [Fact]
    public async Task An_idle_service_acknowledges_each_nudge_and_is_never_stuck()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)) { Time = time };
        await rig.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromHours(1));
            rig.Edge.Nudge();
            await Eventually.TrueAsync(() => rig.Edge.StuckFor == TimeSpan.Zero, "the pipeline to move");
        }
    }

    [Fact]
    public async Task A_nudge_that_is_not_acknowledged_counts_from_the_first()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        rig.Build();

        // Before the start there is no pipeline that could receive it.
        rig.Edge.Nudge();
        time.Advance(TimeSpan.FromMinutes(1));
        rig.Edge.Nudge();
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromMinutes(2), rig.Edge.StuckFor);
    }

    [Fact]
    public async Task A_system_whose_files_have_all_ended_is_finished_after_the_last_answer()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always), EdgeRig.Plan("yard", EdgeRig.Always));
        var answering = rig.HoldAnswers();
        await rig.StartAsync();

        rig.Cameras[0].Push();
        await answering.Reached;
        rig.Cameras[1].Push();
        rig.Cameras[0].Push();
        rig.Cameras[0].End(CaptureEndKind.Finished);
        rig.Cameras[1].End(CaptureEndKind.Finished);
        Assert.False(rig.Edge.Completion.IsCompleted);
        answering.Open();
        var outcome = await rig.Edge.Completion.WaitAsync(Eventually.Patience);
        await rig.StopAsync();

        Assert.Equal(EdgeOutcomeKind.Finished, outcome.Kind);
        Assert.Equal(
            ["gate 1", "yard 1", "gate 2"],
            rig.Answers.Items.Select(answer => $"{answer.Camera} {answer.Sequence}"));
        Assert.Contains("mobilevlm/box/gate/person/state=frame 2", rig.Link.Published.Items);
        Assert.Single(rig.Cameras[0].Attempts.Items);
        Assert.Equal(0, rig.Stats.Cameras["gate"].CaptureRestarts);
    }

    [Fact]
    public async Task One_camera_that_continues_keeps_the_system_running()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("file", EdgeRig.Always), EdgeRig.Plan("live", EdgeRig.Always));
        await rig.StartAsync();

        rig.Cameras[0].Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Cameras[0].End(CaptureEndKind.Finished);
        await rig.Link.Published.UntilAsync(
            published => published.Count(line => line == "mobilevlm/box/file/availability=offline") == 2, "offline");
        rig.Cameras[1].Push();
        await rig.Answers.UntilCountAsync(2);

        Assert.False(rig.Edge.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_stop_before_the_start_leaves_nothing_and_a_second_start_is_refused()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Build();

        await rig.Edge.StopAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(rig.Edge.StartAsync);
        Assert.Equal(["disposed"], rig.Link.Published.Items);
    }

    [Fact]
    public async Task A_stop_while_the_engine_opens_waits_for_it_and_gives_it_back()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var opening = new HoldPoint();
        rig.Engine.OnOpen = opening.Pass;
        rig.Build();
        var starting = rig.Edge.StartAsync();
        await opening.Reached;

        var stopping = rig.Edge.StopAsync();
        opening.Open();
        await stopping;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.Equal(2, rig.Engine.Done.Items.Count(done => done.StartsWith("dispose", StringComparison.Ordinal)));
        Assert.Empty(rig.Camera.Attempts.Items);
    }

    [Fact]
    public void A_plan_whose_camera_has_no_source_is_refused()
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Build();
        var other = rig.Settings with { Cameras = [EdgeRig.Plan("yard", EdgeRig.Always)] };

        var fault = Assert.Throws<ArgumentException>(
            () => new EdgeSystem(other, rig.Parts, TimeProvider.System, rig.Log));

        Assert.Contains("yard", fault.Message, StringComparison.Ordinal);
    }
}
