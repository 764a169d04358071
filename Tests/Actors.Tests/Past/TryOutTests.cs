using System.Globalization;
using MobileVlm.Edge.Actors.Past;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Tests.Past;

/// <summary>Try-outs in a whole service on fakes.</summary>
public sealed class TryOutTests
{
    private static readonly DateTimeOffset From = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    private static readonly AnswerRules Rules = new()
    {
        Agree = 2,
        OutOf = 3,
        HoldFor = TimeSpan.FromSeconds(15),
        CoolDown = TimeSpan.FromSeconds(60),
        UnknownAfter = TimeSpan.FromHours(1),
    };

    [Fact]
    public async Task Each_frame_is_encoded_once_for_all_wordings_and_the_highest_score_comes_first()
    {
        var history = Stored(5);
        await using var rig = Rig(history);
        rig.Engine.OnAnswer = (frame, question) => question.Text == "other" ? $"frame {frame}" : Score(frame);
        history.Deleted.Add(3);
        await rig.StartAsync();

        var begun = await rig.Edge.Past.StartTryOutAsync(
            Request(new TryOutWording { Question = "person" }, new TryOutWording { Ask = "other", Type = AnswerType.Text }), CancellationToken.None);
        Assert.Equal((5, 5), (begun.Stored, begun.Progress.Total));
        var done = await EndAsync(rig, begun.Progress.Id);

        Assert.Equal((PastJobState.Done, 5, 1), (done.Progress.State, done.Progress.Done, done.Skipped));
        Assert.Equal(["encode 1", "encode 2", "encode 4", "encode 5"], rig.Engine.Done.Items.Where(it => it.StartsWith("encode ", StringComparison.Ordinal)));
        var person = rig.Edge.Past.TryOutResult(begun.Progress.Id, 0, new PastThresholds());
        Assert.Equal([5, 4, 2, 1], person.Frames.OrderByDescending(frame => frame.Score).Select(frame => frame.Frame).Order().Reverse());
        Assert.Equal(person.Frames.Select(frame => frame.Score).OrderDescending(), person.Frames.Select(frame => frame.Score));
        Assert.Equal((TryOutJob.HistogramParts, 4), (person.Histogram.Count, person.Histogram.Sum()));
        var other = rig.Edge.Past.TryOutResult(begun.Progress.Id, 1, new PastThresholds());
        Assert.Equal(("Text", "frame 1", 0), (other.TryOut.Wordings[1].Answer, other.Frames[0].Value, other.Histogram.Count));
    }

    [Theory]
    [InlineData(0.6, 0.4)]
    [InlineData(0.9, 0.2)]
    [InlineData(0.5, 0.5)]
    public async Task The_predicted_states_and_events_are_those_of_a_service_that_runs_over_the_same_frames(double yesAbove, double noBelow)
    {
        const int Frames = 60;
        string id;
        PastOutcome predicted;
        await using (var rig = Rig(Stored(Frames)))
        {
            rig.Engine.OnAnswer = (frame, _) => Score(frame);
            await rig.StartAsync();
            id = (await rig.Edge.Past.StartTryOutAsync(Request(new TryOutWording { Question = "person" }), CancellationToken.None)).Progress.Id;
            await EndAsync(rig, id);
            predicted = rig.Edge.Past.TryOutResult(id, 0, new PastThresholds(yesAbove, noBelow)).Outcome;
        }

        var time = new FakeTime();
        var history = new FakeHistory();
        await using var live = new EdgeRig(Plan(Rules with { Thresholds = new Thresholds { YesAbove = yesAbove, NoBelow = noBelow } }))
        {
            Time = time,
            History = history,
        };
        live.Engine.OnAnswer = (frame, _) => Score(frame);
        await live.StartAsync();
        for (var i = 1; i <= Frames; i++)
        {
            time.Advance(Between);
            live.Camera.Push();
            await history.Frames.UntilAsync(frames => frames.Sum(frame => frame.Answers.Count) == i, $"answer {i}");
        }

        var recorded = history.Frames.Items;
        var states = recorded.SelectMany(frame => frame.States.Select(state => (frame.Frame, state.State)))
            .SkipWhile(state => state.State == AnswerWords.Unknown).ToList();
        Assert.True(states.Count > 3, "the scores change the state");
        Assert.Equal(states, predicted.States.Select(state => (FrameAt(state.At), state.State)));
        Assert.Equal(recorded.SelectMany(frame => frame.Events.Select(happened => happened.Frame)), predicted.EventTimes.Select(FrameAt));
        Assert.Equal(predicted.States.Count - 1, predicted.Changes);
    }

    [Fact]
    public async Task One_runs_at_a_time_until_it_is_cancelled_and_the_last_ones_are_kept()
    {
        await using var rig = Rig(Stored(3));
        var hold = rig.HoldAnswers();
        await rig.StartAsync();
        var first = await StartAsync(rig);
        await rig.Engine.Done.UntilAsync(done => done.Any(it => it.StartsWith("ask", StringComparison.Ordinal)), "the first frame is asked");
        var refused = await Assert.ThrowsAsync<HttpFailureException>(() => StartAsync(rig));
        Assert.Equal((409, "job_running"), (refused.Status, refused.Code));

        rig.Edge.Past.EndTryOut(first.Progress.Id);
        hold.Open();
        Assert.Equal(PastJobState.Cancelled, (await EndAsync(rig, first.Progress.Id)).Progress.State);
        for (var i = 0; i < PastJobs.MaxKept; i++)
        {
            await EndAsync(rig, (await StartAsync(rig)).Progress.Id);
        }

        Assert.Equal(PastJobs.MaxKept, rig.Edge.Past.TryOuts.Count);
        Assert.Equal(404, Assert.Throws<HttpFailureException>(() => rig.Edge.Past.TryOutResult(first.Progress.Id, 0, new PastThresholds())).Status);
        rig.Edge.Past.EndTryOut(rig.Edge.Past.TryOuts[0].Progress.Id);
        Assert.Equal(PastJobs.MaxKept - 1, rig.Edge.Past.TryOuts.Count);
    }

    [Fact]
    public async Task A_model_that_fails_once_is_asked_again_about_the_same_frame()
    {
        await using var rig = Rig(Stored(3));
        var failures = 0;
        rig.Engine.OnProbe = () => throw new InvalidOperationException("broken");
        rig.Engine.OnAsk = (frame, _, _) => frame == 2 && Interlocked.Increment(ref failures) == 1
            ? throw new InvalidOperationException("broken") : Inference.Answers.FinishReason.Stopped;
        await rig.StartAsync();
        var done = await EndAsync(rig, (await StartAsync(rig)).Progress.Id);
        Assert.Equal((PastJobState.Done, 0), (done.Progress.State, done.Skipped));
        Assert.Equal(3, rig.Edge.Past.TryOutResult(done.Progress.Id, 0, new PastThresholds()).Frames.Count);
    }

    [Fact]
    public async Task A_stop_ends_a_try_out_with_all_that_it_holds()
    {
        var rig = Rig(Stored(100));
        await using (rig)
        {
            await rig.StartAsync();
            var id = (await StartAsync(rig)).Progress.Id;
            await rig.Engine.Done.UntilAsync(done => done.Count > 10, "some frames are asked");
            await rig.StopAsync();
            Assert.DoesNotContain(rig.Edge.Past.TryOuts, it => it.Progress.State == PastJobState.Running);
            Assert.Equal(503, (await Assert.ThrowsAsync<HttpFailureException>(() => StartAsync(rig))).Status);
        }
    }

    [Fact]
    public async Task An_ad_hoc_question_gets_its_own_frame_although_a_stored_one_was_asked_in_between()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { History = new FakeHistory() };
        var asked = new HoldPoint();
        rig.Engine.OnAsk = (frame, question, _) =>
        {
            if (frame == 1 && question.Text == "person")
            {
                asked.Pass();
            }

            return Inference.Answers.FinishReason.Stopped;
        };
        await rig.StartAsync();
        var answers = rig.Edge.Cameras.AskAsync("gate", null, [new Connectors.Http.Api.AskQuestion("adhoc", AnswerType.Text, [])], TimeSpan.FromMinutes(1), CancellationToken.None);
        rig.Camera.Push();
        await rig.Engine.Done.UntilAsync(done => done.Contains("ask 1 person"), "the standing question is asked");

        // Waits behind the standing question, before the ad-hoc one.
        var stored = rig.Edge.Engine.AskAsync(
            answerer =>
            {
                using var tokens = new Inference.Vision.VisualTokens(2, 4);
                tokens.Values.Span[0] = 77;
                answerer.PrefillPicture(tokens);
                return true;
            },
            CancellationToken.None);
        asked.Open();
        Assert.True(await stored);
        Assert.Equal("frame 1", (await answers)[0].Text);
    }

    [Theory]
    [InlineData("nowhere", null, 404)]
    [InlineData("gate", "nothing", 404)]
    public async Task A_wrong_try_out_is_refused(string camera, string? question, int status)
    {
        await using var rig = Rig(Stored(1));
        await rig.StartAsync();
        var request = Request(new TryOutWording { Question = question, Ask = question is null ? "?" : null }) with { Camera = camera };
        Assert.Equal(status, (await Assert.ThrowsAsync<HttpFailureException>(() => rig.Edge.Past.StartTryOutAsync(request, CancellationToken.None))).Status);
        var early = Request(new TryOutWording { Ask = "?" }) with { From = From.AddDays(-1), To = From.AddHours(-1) };
        Assert.Equal("from", (await Assert.ThrowsAsync<HttpFailureException>(() => rig.Edge.Past.StartTryOutAsync(early, CancellationToken.None))).Parameter);
    }

    [Fact]
    public void Frames_are_spread_over_the_time_and_each_is_taken_once()
    {
        // Fifty frames in one minute, then one per hour.
        StoredSnapshot[] stored =
        [
            .. Enumerable.Range(0, 50).Select(i => new StoredSnapshot(i, From.AddSeconds(i), i)),
            .. Enumerable.Range(1, 9).Select(i => new StoredSnapshot(100 + i, From.AddHours(i), i)),
        ];
        var chosen = StoredFrames.Spread(stored, From, From.AddHours(10), 20);
        Assert.Equal(20, chosen.Distinct().Count());
        Assert.Equal(9, chosen.Count(frame => frame.Id > 100));
        Assert.Equal(chosen.OrderBy(frame => frame.At), chosen);
        Assert.Equal(stored, StoredFrames.Spread(stored, From, From.AddHours(10), 500));
    }

    private static CameraConfiguration Plan(AnswerRules rules) =>
        new(new CameraId("gate"), [new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Always) { Rules = rules }], Snapshot: false);

    private static EdgeRig Rig(FakeHistory history) => new(Plan(Rules)) { History = history };

    private static FakeHistory Stored(int count)
    {
        var history = new FakeHistory();
        history.Stored.AddRange(Enumerable.Range(1, count).Select(i => new StoredSnapshot(i, From + (i * Between), i)));
        return history;
    }

    private static long FrameAt(DateTimeOffset at) => (at - From) / Between is var number ? (long)Math.Round(number) : 0;

    private static TryOutRequest Request(params TryOutWording[] wordings) => new("gate", From, From.AddHours(1), TryOutLimits.UsualFrames, wordings);

    private static Task<TryOutView> StartAsync(EdgeRig rig) =>
        rig.Edge.Past.StartTryOutAsync(Request(new TryOutWording { Question = "person" }), CancellationToken.None);

    /// <summary>A score that stays for some frames and then moves; the same for the same frame.</summary>
    private static string Score(long frame) =>
        (((frame / 5) % 3 * 0.4) + (frame * 37 % 20 / 100.0)).ToString("0.00", CultureInfo.InvariantCulture);

    private static async Task<TryOutView> EndAsync(EdgeRig rig, string id)
    {
        await Eventually.TrueAsync(
            () => rig.Edge.Past.TryOuts.Single(it => it.Progress.Id == id).Progress.State != PastJobState.Running, "the try-out ends");
        return rig.Edge.Past.TryOuts.Single(it => it.Progress.Id == id);
    }
}
