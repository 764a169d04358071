using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>Where the refresh interval starts again: the scene gate among the parts that it is connected with.</summary>
public sealed class RefreshRestartTests : IAsyncDisposable
{
    private static readonly CameraConfiguration Plan =
        EdgeRig.Plan("gate", EdgeRig.Always) with { Gate = new SceneGateSettings() };

    private ActorBench _bench = new(Plan);

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public void The_state_that_the_first_answer_makes_does_not_disturb_the_series()
    {
        var asked = Enumerable.Range(0, 5).Select(_ => SecondsUntilAsked("yes"));

        Assert.Equal([0, 30, 60, 120, 240], asked);
    }

    [Fact]
    public void An_ad_hoc_question_about_the_camera_starts_the_interval_again()
    {
        Grow();

        _bench.Intake.Ask(new AdHocQuestion(new Question("Is there a dog?", AnswerKind.YesNo), _ => { }));

        Assert.Equal(30, Interval);
    }

    [Fact]
    public void Another_answer_starts_the_interval_again_and_its_state_does_not_do_so_twice()
    {
        Grow();

        Assert.Equal(240, SecondsUntilAsked("no"));

        Assert.Equal([30, 60], [SecondsUntilAsked("no"), SecondsUntilAsked("no")]);
    }

    [Fact]
    public void A_state_that_follows_its_answers_later_starts_the_interval_again()
    {
        UsePlan(question => question with { Rules = new AnswerRules { HoldFor = TimeSpan.FromSeconds(50) } });
        Grow();
        SecondsUntilAsked("no");
        SecondsUntilAsked("no");
        Assert.Equal(60, Interval);

        // Reused answers count, too: the state becomes "no" after 50 s, which is 20 s after the last answer.
        Assert.Equal([30, 60], [SecondsUntilAsked("no"), SecondsUntilAsked("no")]);
    }

    [Fact]
    public void The_start_of_a_schedule_starts_the_interval_again()
    {
        // It is one o'clock.
        UsePlan(question => question with { Schedule = WeeklySchedule.Parse(["00:00-01:08", "01:09-05:00"]) });
        Grow();
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        _bench.Evaluators.Tick();
        Assert.Equal(UnknownReason.OutsideSchedule, _bench.States.ReasonNotAsked(Plan.Id, Question));

        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        _bench.Evaluators.Tick();

        Assert.Equal([0, 30, 60], [SecondsUntilAsked("yes"), SecondsUntilAsked("yes"), SecondsUntilAsked("yes")]);
    }

    [Fact]
    public void A_question_that_is_switched_on_again_starts_the_interval_again()
    {
        Grow();
        _bench.States.Switches.Set(Plan.Id, Question.Id, false);
        _bench.Evaluators.Tick();
        _bench.States.Switches.Set(Plan.Id, Question.Id, true);
        _bench.Evaluators.Tick();

        Assert.Equal(30, Interval);
    }

    [Fact]
    public void A_configuration_that_is_read_again_keeps_the_interval_of_an_unchanged_question()
    {
        Grow();

        _bench.Intake.Change(Plan with { Snapshot = true });
        _bench.Intake.Change(Plan with { Gate = new SceneGateSettings { Refresh = TimeSpan.FromSeconds(20) } });
        Assert.Equal(240, Interval);

        _bench.Intake.Change(Plan with { Questions = [Question with { Text = "Is anybody there?" }] });
        Assert.Null(Interval);
    }

    [Fact]
    public void A_gate_that_is_switched_off_has_no_interval()
    {
        Grow();

        _bench.Intake.Change(Plan with { Gate = null });

        Assert.Null(_bench.Intake.Gate);
        Assert.Null(Interval);
    }

    [Fact]
    public async Task An_engine_that_is_replaced_keeps_the_answers_and_their_intervals()
    {
        await using var rig = await new EdgeRig(
            Plan with { Gate = new SceneGateSettings { Threshold = 64 } }, EdgeRig.Plan("hall", EdgeRig.Always)).StartAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        // It fails at a frame of the other camera.
        rig.Engine.OnEncode = _ => throw new InvalidOperationException("lost");
        rig.Cameras[1].Push();
        await rig.Engine.Done.UntilAsync(done => done.Count(it => it == "open answerer") == 2, "the second engine");
        rig.Camera.Push();

        var answers = await rig.Answers.UntilCountAsync(2);
        Assert.True(answers[1].Answers[0].Reused);
        Assert.Equal(30, rig.Stats.Cameras["gate"].Questions["person"].GateRefreshS);
    }

    private StandingQuestion Question => _bench.Intake.Configuration.Questions[0];

    private double? Interval => _bench.Counters[Plan.Id].Question(Question.Id).GateRefresh?.TotalSeconds;

    private void UsePlan(Func<StandingQuestion, StandingQuestion> change) =>
        _bench = new ActorBench(Plan with { Questions = [change(Plan.Questions[0])] });

    /// <summary>The interval becomes four minutes.</summary>
    private void Grow()
    {
        while (Interval is not 240)
        {
            SecondsUntilAsked("yes");
        }
    }

    /// <summary>A frame of a still scene each second, as the pipeline handles it, until the model is asked.</summary>
    /// <param name="value">What it answers then.</param>
    private int SecondsUntilAsked(string value)
    {
        var gate = _bench.Intake.Gate!;
        using var frame = _bench.Frame();
        var fingerprint = new SceneFingerprint(frame);
        for (var seconds = 0; seconds < 10_000; seconds++)
        {
            if (gate.StillValid(fingerprint, [Question]) is not { } reused)
            {
                using var tokens = new VisualTokens(1, 1);
                var answered = _bench.Answered(1, value);
                gate.Remember(fingerprint, tokens, answered.Answers);
                _bench.Evaluators.Apply(answered);
                return seconds;
            }

            _bench.Evaluators.Apply(_bench.Answered(1, reused[0][0].Value!));
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            _bench.Evaluators.Tick();
        }

        throw new InvalidOperationException("The model is not asked again.");
    }
}
