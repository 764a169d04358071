using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

/// <summary>One question at which the model fails costs that question, and neither the engine nor the others.</summary>
public sealed class FailingQuestionTests
{
    [Fact]
    public async Task The_others_of_the_frame_are_answered_and_the_engine_is_not_replaced()
    {
        await using var rig = await new EdgeRig(Plan("good", "bad", "fine")).StartAsync();
        rig.Engine.OnAsk = (_, question, _) =>
            question.Text == "bad" ? throw new InvalidOperationException("as the test wants") : FinishReason.Stopped;

        rig.Camera.Push();
        var answers = (await rig.Answers.UntilCountAsync(1))[0].Answers;
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/bad/state=unknown"), "the state");

        Assert.Equal(["good", "bad", "fine"], answers.Select(answer => answer.Question.Id));
        Assert.Equal(
            [null, AnswerFailureKind.EngineFault, null], answers.Select(answer => answer.Failure?.Kind));
        Assert.Equal([1, 0, 1], answers.Select(answer => answer.Seq));
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
        Assert.Equal(0, rig.Stats.Cameras["gate"].FramesFailed);
        Assert.Contains("mobilevlm/box/gate/fine/state=frame 1", rig.Link.Published.Items);
        var stats = rig.Stats.Cameras["gate"].Questions["bad"];
        Assert.Equal((1, 0, 1), (stats.Asked, stats.Answered, stats.Failed));
        Assert.Contains("not asked for 30 s", Assert.Single(rig.Log.Logged(LogLevel.Warning, "gate/bad: the model failed")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_given_a_pause_that_doubles_and_ends_with_an_answer()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(Plan("good", "bad")) { Time = time };
        var broken = true;
        rig.Engine.OnAsk = (_, question, _) =>
            question.Text == "bad" && broken ? throw new InvalidOperationException("as the test wants") : FinishReason.Stopped;
        await rig.StartAsync();

        async Task<int> AskedAfterAsync(TimeSpan pause)
        {
            time.Advance(pause);
            var (asked, answered) = (Asked(), rig.Answers.Items.Count);
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(answered + 1);
            return Asked() - asked;
        }

        int Asked() => rig.Engine.Done.Items.Count(done => done.EndsWith(" bad", StringComparison.Ordinal) && done.StartsWith("ask", StringComparison.Ordinal));

        Assert.Equal(2, await AskedAfterAsync(TimeSpan.Zero));
        Assert.Equal(0, await AskedAfterAsync(TimeSpan.FromSeconds(29)));
        Assert.Equal(1, await AskedAfterAsync(TimeSpan.FromSeconds(1)));
        Assert.Equal(0, await AskedAfterAsync(TimeSpan.FromSeconds(59)));
        broken = false;
        Assert.Equal(1, await AskedAfterAsync(TimeSpan.FromSeconds(1)));
        Assert.Equal(1, await AskedAfterAsync(TimeSpan.Zero));
        Assert.Equal("frame 5", rig.Answers.Items[^2].Answers[1].Answer.Value);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public async Task One_that_always_loses_the_engine_is_found_and_the_service_lives()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(Plan("good", "deadly", "fine")) { Time = time };
        var dead = false;
        rig.Engine.OnOpen = () => dead = false;
        rig.Engine.OnAsk = (_, question, _) =>
        {
            dead |= question.Text == "deadly";
            return dead ? throw new InvalidOperationException("the device is gone") : FinishReason.Stopped;
        };
        await rig.StartAsync();

        // With the others, then alone; from then on never more than once in ten minutes, so the budget of five lasts.
        for (var minute = 0; minute < 120; minute++)
        {
            var (answered, restarts) = (rig.Answers.Items.Count, rig.Stats.Pipeline.Restarts);
            rig.Camera.Push();
            await Eventually.TrueAsync(
                () => rig.Answers.Items.Count > answered || rig.Stats.Pipeline.Restarts > restarts, "an answer or a new engine");
            Assert.False(rig.Edge.Completion.IsCompleted);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(rig.Stats.Pipeline.Restarts, 3, 7);
        Assert.True(rig.Answers.Items.Count > 110, $"{rig.Answers.Items.Count} frames were answered");
        Assert.All(rig.Answers.Items, frame => Assert.Equal(["good", "fine"], frame.Answers.Where(a => a.Failure is null).Select(a => a.Question.Id)));
        Assert.Equal(0, rig.Stats.Cameras["gate"].Questions["deadly"].Answered);
    }

    [Fact]
    public async Task An_engine_that_answers_nothing_is_replaced_and_no_question_is_blamed()
    {
        await using var rig = new EdgeRig(Plan("one", "two"))
            .With(pipeline => pipeline with { RestartBudget = new RestartBudget(3, TimeSpan.FromHours(1)) });
        rig.Engine.OnAsk = (_, _, _) => throw new InvalidOperationException("the device is gone");
        await rig.StartAsync();

        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(2));
        var outcome = await rig.Edge.Completion.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal((EdgeOutcomeKind.Failed, "the device is gone"), (outcome.Kind, outcome.Reason));
        Assert.Equal(3, rig.Stats.Pipeline.Restarts);
        Assert.Empty(rig.Log.Logged(LogLevel.Warning, "gate/"));
    }

    [Fact]
    public async Task A_region_that_leaves_nothing_of_the_frame_makes_its_questions_unknown_and_no_others()
    {
        var all = new FrameRegion(null, [RegionPolygon.Parse("0,0 1,0 1,1 0,1")]);
        var plan = EdgeRig.Plan("gate", EdgeRig.Once) with
        {
            Questions =
            [
                new StandingQuestion("visible", "visible", QuestionKind.YesNo, EdgeRig.Once),
                new StandingQuestion("masked", "masked", QuestionKind.YesNo, EdgeRig.Once) { Region = all },
            ],
        };
        await using var rig = await new EdgeRig(plan).StartAsync();

        rig.Camera.Push();
        var answers = (await rig.Answers.UntilCountAsync(2)).SelectMany(frame => frame.Answers).ToDictionary(it => it.Question.Id);
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/masked/state=unknown"), "the state");

        Assert.Null(answers["visible"].Failure);
        Assert.Equal(AnswerFailureKind.NothingVisible, answers["masked"].Failure?.Kind);
        Assert.DoesNotContain("ask 1 masked", rig.Engine.Done.Items);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Theory]
    [InlineData("0,0 1,1 0.5,0.5")]
    [InlineData("0.2,0.2 0.2,0.2 0.2,0.2")]
    [InlineData("0,0.5 1,0.5 0.5,0.5 0.25,0.5")]
    public void A_polygon_on_one_line_is_not_a_polygon(string corners) =>
        Assert.Throws<FormatException>(() => RegionPolygon.Parse(corners));

    private static CameraConfiguration Plan(params string[] questions) => EdgeRig.Plan("gate", EdgeRig.Always) with
    {
        Questions = [.. questions.Select(id => new StandingQuestion(id, id, QuestionKind.YesNo, EdgeRig.Always))],
    };
}
