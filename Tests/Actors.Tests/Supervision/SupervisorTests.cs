using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.AdHoc;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>What is restarted, how often, and what ends the system instead.</summary>
public sealed class SupervisorTests
{
    private static readonly SupervisionSettings Quickly = new()
    {
        Budget = new RestartBudget(4, TimeSpan.FromHours(1)),
        Backoff = new ReconnectSettings { Min = TimeSpan.FromMilliseconds(1), Max = TimeSpan.FromMilliseconds(5) },
    };

    [Fact]
    public async Task A_restarted_publisher_knows_the_cameras_of_a_reload_and_which_of_them_are_there()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        var hall = new FakeCamera("hall", rig.Pool, rig.Time);
        rig.Camera.Push();
        rig.Edge.Change([rig.Settings.Cameras[0], EdgeRig.Plan("hall", EdgeRig.Always)], [hall]);
        await hall.Attempts.UntilCountAsync(1);
        hall.Push();
        await UntilLastAsync(rig, "gate/availability=online", "hall/availability=online");

        rig.Kill("edge/publisher");
        rig.Link.Drop();
        await rig.Link.Published.UntilAsync(
            published => published.Count(line => line == "mobilevlm/box/hall/availability=online") == 2, "everything once more");
        await UntilLastAsync(rig, "gate/availability=online", "hall/availability=online", "gate/person/enabled=ON");

        hall.End(CaptureEndKind.Lost);
        await UntilLastAsync(rig, "gate/availability=online", "hall/availability=offline");
        Assert.Equal(1, rig.Link.Published.Items.Count(line => line == "mobilevlm/box/gate/availability=offline"));
    }

    [Fact]
    public async Task A_new_camera_that_is_faster_than_its_announcement_is_online()
    {
        var evaluating = new HoldPoint();
        var isHeld = false;
        var points = new Crashes();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = new CrashingTime(TimeProvider.System, points) };
        await rig.StartAsync();
        var hall = new FakeCamera("hall", rig.Pool, rig.Time);
        points.ShouldFail = actor =>
        {
            if (actor == "evaluation" && Volatile.Read(ref isHeld))
            {
                evaluating.Pass();
            }

            return false;
        };
        Volatile.Write(ref isHeld, true);
        rig.Edge.Change([rig.Settings.Cameras[0], EdgeRig.Plan("hall", EdgeRig.Always)], [hall]);
        await evaluating.Reached;
        await hall.Attempts.UntilCountAsync(1);
        hall.Push();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["hall"].Online, "the camera");

        evaluating.Open();

        await UntilLastAsync(rig, "hall/availability=online", "hall/person/state=frame 1");
    }

    [Fact]
    public async Task A_publisher_that_fails_right_after_it_connected_recovers_by_itself()
    {
        // While the clock does not advance, nothing else would make it check for work.
        var time = new FakeTime();
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time }.StartAsync();
        rig.Camera.Push();
        await UntilLastAsync(rig, "gate/person/state=frame 1");
        var left = 1;
        rig.Log.OnLine = line =>
        {
            if (line.Text.StartsWith("Connected to", StringComparison.Ordinal) && Interlocked.Decrement(ref left) >= 0)
            {
                throw new InvalidOperationException("as the test wants");
            }
        };

        var waits = time.Waits.Items.Count;
        rig.Link.Drop();
        await time.Waits.UntilCountAsync(waits + 1);
        time.Advance(TimeSpan.FromMilliseconds(10));

        await rig.Link.Published.UntilAsync(
            published => published.Count(line => line == "mobilevlm/box/gate/person/state=frame 1") == 2, "the state once more");
        Assert.Equal(2, rig.Link.Connects.Items.Count);
        Assert.Single(rig.Log.Logged(LogLevel.Error, "The actor 'publisher'"));
    }

    [Fact]
    public async Task A_question_gets_no_second_reply_when_its_refusal_fails_behind_the_first()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var left = 1;
        rig.Log.OnLine = line =>
        {
            if (line.Category.EndsWith("AdHocActor", StringComparison.Ordinal) && Interlocked.Decrement(ref left) >= 0)
            {
                throw new InvalidOperationException("as the test wants");
            }
        };
        await rig.StartAsync();

        rig.Ask("""{"id": "1", "question": 7}""");
        rig.Ask("""{"id": "2", "question": 7}""");

        await rig.UntilRepliesAsync(2);
        await Eventually.TrueAsync(() => rig.Stats.Mqtt.Published > 0 && rig.Log.Logged(LogLevel.Error, "The actor 'ad-hoc'").Any(), "the restart");
        await rig.StopAsync();
        Assert.Equal(["1", "2"], rig.Replies().Select(reply => reply.Text("id")));
    }

    [Fact]
    public async Task A_restarted_publisher_that_finds_the_link_connected_sends_the_events_that_wait()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Engine.OnAnswer = (frame, _) => frame % 2 == 0 ? "0.9" : "0.1";
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Link.OnPublish = async message =>
        {
            if (message.Topic.EndsWith("/event", StringComparison.Ordinal))
            {
                await held.Task;
            }

            return Connectors.Mqtt.Client.PublishOutcomeKind.Accepted;
        };
        await rig.StartAsync();
        for (var frame = 1; frame <= 4; frame++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(frame);
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.EventsWaiting == 3, "the events in the outbox");
        rig.Kill("edge/publisher");
        held.SetResult();

        await rig.Link.Once.UntilCountAsync(3);
        await Eventually.TrueAsync(() => rig.Stats.Mqtt.EventsWaiting == 0, "an empty outbox");
        Assert.Equal(3, rig.Link.Once.Items.Count);
        Assert.Single(rig.Link.Connects.Items);
    }

    [Theory]
    [InlineData("publisher")]
    [InlineData("evaluation")]
    [InlineData("commands")]
    [InlineData("ad-hoc")]
    [InlineData("stats")]
    public async Task An_actor_that_fails_beyond_its_budget_ends_the_system_in_order(string actor)
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Settings = rig.Settings with { Supervision = Quickly };
        await rig.StartAsync();
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/availability=online"), "the connection");

        for (var i = 0; i <= Quickly.Budget.Restarts; i++)
        {
            Assert.False(rig.Edge.Completion.IsCompleted);
            rig.Kill($"edge/{actor}");
            var failures = i + 1;
            await rig.Log.Lines.UntilAsync(
                lines => lines.Count(line => line.Text.StartsWith($"The actor '{actor}' failed", StringComparison.Ordinal)) >= failures,
                "the failure");
        }

        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(EdgeOutcomeKind.Failed, outcome.Kind);
        Assert.Contains($"'{actor}' failed too often", outcome.Reason, StringComparison.Ordinal);
        Assert.Single(rig.Log.Logged(LogLevel.Critical, $"The actor '{actor}'"));
        await rig.StopAsync();
        Assert.Equal(["mobilevlm/box/availability=stopped", "disconnect", "disposed"], rig.Link.Published.Items.TakeLast(3));
    }

    [Fact]
    public async Task A_camera_that_fails_far_beyond_any_budget_affects_no_other()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("bad", EdgeRig.Always), EdgeRig.Plan("good", EdgeRig.Always));
        rig.Settings = rig.Settings with { Supervision = Quickly };
        await rig.StartAsync();

        for (var i = 0; i < 5 * Quickly.Budget.Restarts; i++)
        {
            rig.Kill("edge/camera-bad-*");
        }

        await rig.Log.Lines.UntilAsync(
            lines => lines.Count(line => line.Text.StartsWith("The actor 'camera-bad-1'", StringComparison.Ordinal))
                >= 5 * Quickly.Budget.Restarts, "the failures");
        rig.Cameras[1].Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Cameras[0].Push();
        await rig.Answers.UntilCountAsync(2);
        Assert.False(rig.Edge.Completion.IsCompleted);
        Assert.All(rig.Cameras, camera => Assert.Single(camera.Attempts.Items));
    }

    [Fact]
    public async Task An_actor_that_cannot_start_is_not_retried_without_limit()
    {
        var crashes = new Crashes { ShouldFail = actor => actor == "evaluation" };
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
        {
            Time = new CrashingTime(TimeProvider.System, crashes),
            ExpectsQuietAkka = false,
        }.With(pipeline => pipeline with { StopWithin = TimeSpan.FromSeconds(1) });
        rig.Settings = rig.Settings with { Supervision = Quickly };
        rig.Build();
        await Record.ExceptionAsync(rig.Edge.StartAsync);

        await rig.Log.Lines.UntilAsync(lines => lines.Any(line => line.Level == LogLevel.Critical), "the end");
        var made = crashes.Made;
        await rig.StopAsync();

        // Restarted within the budget, once more for the stop, and then a few times at most while the stop lasted.
        Assert.InRange(made, Quickly.Budget.Restarts + 1, Quickly.Budget.Restarts + 3);
        crashes.ShouldFail = null;
    }

    [Fact]
    public async Task A_supervisor_that_is_killed_ends_the_system_and_every_pending_question_gets_a_reply()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)) { ExpectsQuietAkka = false };
        await rig.StartAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Ask("""{"id": "7", "question": "ad hoc"}""");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");

        rig.Kill("edge");

        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(EdgeOutcomeKind.Failed, outcome.Kind);
        await rig.StopAsync().WaitAsync(TimeSpan.FromSeconds(20));
        var reply = Assert.Single(rig.Replies());
        Assert.Equal(("7", "failed"), (reply.Text("id"), reply.Text("status")));
        Assert.Equal(
            ["mobilevlm/box/gate/availability=offline", "mobilevlm/box/availability=stopped", "disconnect", "disposed"],
            rig.Link.Published.Items.TakeLast(4));
        Assert.Contains("dispose encoder", rig.Engine.Done.Items);
        Assert.Empty(rig.Edge.LeftBehind);
    }

    [Theory]
    [InlineData("publisher")]
    [InlineData("evaluation")]
    [InlineData("commands")]
    [InlineData("ad-hoc")]
    [InlineData("stats")]
    [InlineData("pipeline")]
    public async Task An_actor_that_stops_by_itself_ends_the_system(string actor)
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        rig.Edge.Actors!.ActorSelection($"/user/edge/{actor}").Tell(PoisonPill.Instance);

        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(EdgeOutcomeKind.Failed, outcome.Kind);
        Assert.Contains($"'{actor}' stopped", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_camera_whose_actor_stops_by_itself_is_started_again()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        rig.Edge.Actors!.ActorSelection("/user/edge/camera-*").Tell(PoisonPill.Instance);
        await rig.Camera.Attempts.UntilCountAsync(2);
        await Eventually.TrueAsync(() => rig.Camera.Push() > 0, "the camera");

        await rig.Answers.UntilCountAsync(1);
        Assert.False(rig.Edge.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_pipeline_that_is_killed_ends_the_system_and_every_pending_question_gets_a_reply()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var answering = new HoldPoint();
        rig.Engine.OnAsk = (_, _, _) =>
        {
            answering.Pass();
            return Inference.Answers.FinishReason.Stopped;
        };
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;
        rig.Ask("""{"id": "7", "question": "ad hoc"}""");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");

        rig.Kill("edge/pipeline");
        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));
        answering.Open();
        await rig.StopAsync();

        Assert.Equal(EdgeOutcomeKind.Failed, outcome.Kind);
        Assert.Equal("failed", Assert.Single(rig.Replies()).Text("status"));
        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
    }

    [Fact]
    public void The_first_restart_is_at_once_and_the_next_wait_longer_and_longer()
    {
        var time = new FakeTime();
        var settings = new SupervisionSettings();
        var policy = new RestartPolicy(settings, isEndless: false, () => 0, time);

        Assert.Equal(
            [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10],
            Enumerable.Range(0, settings.Budget.Restarts).Select(_ => policy.TryRestart(out var wait) ? wait.TotalSeconds : -1));
        Assert.False(policy.TryRestart(out _));

        time.Advance(settings.Budget.Within + TimeSpan.FromSeconds(1));
        Assert.True(policy.TryRestart(out var first));
        Assert.Equal(TimeSpan.Zero, first);
    }

    [Fact]
    public async Task Statistics_that_cannot_be_written_cost_nothing_else()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
            .With(pipeline => pipeline with { StatsEvery = TimeSpan.FromMilliseconds(1) });
        rig.Settings = rig.Settings with { Supervision = Quickly };
        rig.Placement = () => throw new InvalidOperationException("no number");
        await rig.StartAsync();
        await rig.Log.Lines.UntilAsync(
            lines => lines.Count(line => line.Text.StartsWith("The statistics could not", StringComparison.Ordinal)) > 10, "the faults");

        rig.Camera.Push();
        await UntilLastAsync(rig, "gate/person/state=frame 1");
        Assert.False(rig.Edge.Completion.IsCompleted);
    }

    [Fact]
    public async Task An_answer_that_cannot_be_written_is_unknown_and_the_other_questions_are_not_affected()
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Always);
        plan = plan with { Questions = [.. plan.Questions, plan.Questions[0] with { Id = "dog", Text = "dog" }] };
        await using var rig = new EdgeRig(plan);
        await rig.StartAsync();
        rig.Camera.Push();
        await UntilLastAsync(rig, "gate/person/answer=frame 1 #1", "gate/dog/answer=frame 1 #1");

        // No parser lets such a score through: a defect elsewhere would.
        var frame = rig.Answers.Items[0];
        var updates = plan.Questions.Zip(frame.Answers, (question, answer) => new QuestionUpdate(
            plan.Id,
            question,
            new QuestionState { Value = "frame 2" },
            new LastAnswer(frame, answer, new ParsedAnswer { Value = "frame 2", Score = question.Id == "person" ? double.NaN : null }),
            IsFromFrame: true,
            new Evaluation(PublishesState: true, PublishesAnswer: true, Event: null)));
        rig.Edge.Actors!.ActorSelection("/user/edge/publisher").Tell(new StateUpdates(null, [.. updates]));

        await UntilLastAsync(rig, "gate/person/answer=unknown #1", "gate/dog/answer=frame 2 #1", "gate/person/state=frame 2");
        Assert.Empty(rig.Log.Logged(LogLevel.Error, "The actor '"));
    }

    internal static Task UntilLastAsync(EdgeRig rig, params string[] lines) => rig.Link.Published.UntilAsync(
        published => lines.All(line => published.LastOrDefault(
            it => it.StartsWith($"mobilevlm/box/{line[..(line.IndexOf('=', StringComparison.Ordinal) + 1)]}", StringComparison.Ordinal))
                == $"mobilevlm/box/{line}"),
        string.Join(", ", lines));
}
