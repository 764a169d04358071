using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Actors.Tests.States;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Actors.Tests.Questions;

/// <summary>Questions that are scored by what was learned for them.</summary>
public sealed class TaughtQuestionTests
{
    private static readonly AnswerRules Quiet = new() { Heartbeat = TimeSpan.Zero };

    [Fact]
    public async Task Another_scorer_changes_the_state_without_an_event_and_the_next_change_is_one()
    {
        var person = true;
        await using var rig = Rig();

        // The model sees nobody. What was learned sees everybody.
        rig.Engine.OnAnswer = (_, question) => question.Taught is not null && person ? "0.9" : "0.1";
        await rig.StartAsync();
        await PushUntilPublished(rig, "state=no");

        Change(rig, Taught("a"));
        await PushUntilPublished(rig, "state=yes");

        person = false;
        await PushUntilPublished(rig, "event=yes>no");
        Assert.DoesNotContain(rig.Link.Published.Items, line => line.Contains("event=no>yes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_of_the_scorer_before_does_not_count()
    {
        await using var rig = Rig();
        var answering = rig.HoldAnswers();
        rig.Engine.OnAnswer = (_, question) => question.Taught is null ? "0.1" : "0.9";
        await rig.StartAsync();
        rig.Camera.Push();
        await answering.Reached;

        Change(rig, Taught("a"));
        answering.Open();
        await PushUntilPublished(rig, "state=yes");
        Assert.DoesNotContain(rig.Link.Published.Items, line => line.EndsWith("state=no", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_say_what_scored_them_only_where_something_was_taught()
    {
        await using var rig = Rig(Taught("a"));
        rig.Engine.OnAnswer = (_, _) => "0.9";
        rig.AnswerText = answer => $"by {answer.ScoredBy ?? "nobody"}";
        await rig.StartAsync();
        await PushUntilPublished(rig, "answer=by encoder");
        Assert.Null(rig.Stats.Cameras["gate"].Questions["person"].TaughtProblem);

        Change(rig, TaughtScoring.Unusable("the file is gone"));
        await PushUntilPublished(rig, "answer=by model");
        Assert.Equal("the file is gone", rig.Stats.Cameras["gate"].Questions["person"].TaughtProblem);
        Assert.Contains("\"taughtProblem\":\"the file is gone\"", System.Text.Encoding.UTF8.GetString(MqttJson.Serialize(rig.Stats)), StringComparison.Ordinal);

        Change(rig, null);
        await PushUntilPublished(rig, "answer=by nobody");
    }

    [Fact]
    public async Task Events_and_the_history_say_what_scored_them_only_where_something_was_taught()
    {
        foreach (var scorer in (string?[])["encoder", null])
        {
            var history = new FakeHistory();
            await using var rig = new EdgeRig(Plan(scorer is null ? null : Taught("a"))) { History = history, IsJson = true };
            rig.Engine.OnAnswer = (frame, _) => frame < 2 ? "0.1" : "0.9";
            await rig.StartAsync();
            for (var i = 1; i <= 2; i++)
            {
                rig.Camera.Push();
                await history.Frames.UntilCountAsync(i);
            }

            Assert.All(history.Frames.Items, frame => Assert.Equal(scorer, Assert.Single(frame.Answers).ScoredBy));
            using var happened = System.Text.Json.JsonDocument.Parse(Assert.Single(history.Frames.Items[1].Events).Document);
            Assert.Equal(scorer, happened.RootElement.TryGetProperty("scoredBy", out var found) ? found.GetString() : null);
        }
    }

    [Fact]
    public void The_same_content_from_another_read_is_the_same_question()
    {
        Assert.Equal(Plan(Taught("a")).Questions[0], Plan(Taught("a")).Questions[0]);
        Assert.NotEqual(Plan(Taught("a")).Questions[0], Plan(Taught("b")).Questions[0]);
        Assert.NotEqual(Plan(Taught("a")).Questions[0], Plan(Taught("a", TaughtAnswerer.Cascade)).Questions[0]);
        Assert.NotEqual(Plan(Taught("a")).Questions[0], Plan(TaughtScoring.Unusable("a")).Questions[0]);
        Assert.NotEqual(Plan(TaughtScoring.Unusable("a")).Questions[0], Plan(null).Questions[0]);
    }

    [Fact]
    public void A_value_that_both_scorers_agree_on_makes_the_next_change_an_event() => Assert.Equal(
        "0:yes 2:no 2:yes>no",
        new StateMachineBench(Quiet).Play("0=0.9").Teach(Taught("a")).Play("1=0.9 2=0.1").Published);

    [Fact]
    public void Answers_of_two_scorers_do_not_agree_together() => Assert.Equal(
        "1:no 4:yes",
        new StateMachineBench(Quiet with { Agree = 2, OutOf = 2 }).Play("0=0.1 1=0.1 2=0.9").Teach(Taught("a")).Play("3=0.9 4=0.9").Published);

    [Fact]
    public void An_unclear_answer_of_the_new_scorer_does_not_make_its_first_value_an_event() => Assert.Equal(
        "0:yes 1:unknown(uncertain) 2:no 3:yes 3:no>yes",
        new StateMachineBench(Quiet with { WhenUnsure = UnsureRule.Unknown }).Play("0=0.9").Teach(Taught("a")).Play("1=0.5 2=0.1 3=0.9").Published);

    [Fact]
    public void Going_back_to_the_scorer_of_the_state_changes_nothing() => Assert.Equal(
        "0:yes 1:no 1:yes>no",
        new StateMachineBench(Quiet).Play("0=0.9").Teach(Taught("a")).Teach(TaughtScoring.Unusable("gone")).Play("1=0.1").Published);

    [Theory]
    [InlineData(null, "a", "0:yes 5:yes 6:no")]
    [InlineData("a", "b", "0:yes 5:yes 6:no")]
    [InlineData("a", null, "0:yes 5:yes 6:no")]
    [InlineData("a", "a", "0:yes 5:yes 6:no 6:yes>no")]
    public void A_restart_with_another_scorer_raises_no_event(string? before, string? after, string published) => Assert.Equal(
        published,
        new StateMachineBench(Quiet, taught: before is null ? null : Taught(before)).Play("0=0.9")
            .Restart(5, after is null ? null : Taught(after)).Play("5? 6=0.1").Published);

    [Theory]
    [InlineData("0,0.5 1,0.5 1,1")]
    [InlineData("all mask 0,0 1,0 1,1")]
    [InlineData("0,0.5 1,0.5 1,1 mask 0,0 1,0 1,1 mask 0,0.25 1,0 1,1")]
    public void A_region_is_read_as_it_was_written(string text) => Assert.Equal(text, FrameRegion.Parse(text).ToText());

    private static EdgeRig Rig(TaughtScoring? taught = null) => new(Plan(taught));

    private static CameraConfiguration Plan(TaughtScoring? taught)
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Always);
        return plan with { Questions = [plan.Questions[0] with { Taught = taught }] };
    }

    private static void Change(EdgeRig rig, TaughtScoring? taught) => rig.Edge.Change([Plan(taught)], []);

    /// <summary>Sends frames until it is published. A frame that was picked before a change has the question as it was, and such an answer is
    /// left out.</summary>
    private static Task PushUntilPublished(EdgeRig rig, string what) => Eventually.TrueAsync(
        () =>
        {
            var isPublished = rig.Link.Published.Items.Any(line => line.Contains($"gate/person/{what}", StringComparison.Ordinal));
            if (!isPublished)
            {
                rig.Camera.Push();
            }

            return isPublished;
        },
        what);

    private static TaughtScoring Taught(string digest, TaughtAnswerer answerer = TaughtAnswerer.Taught) => TaughtScoring.Using(
        new TaughtScorer(null, new LinearHead([new HeadTerm(FeatureKinds.VisualTokens, [[0, 0, 0]])], [], [2.0]), 1, answerer), digest);
}
