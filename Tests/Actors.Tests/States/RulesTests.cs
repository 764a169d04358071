using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>The rules in a whole service: what is published for the answers of the model.</summary>
public sealed class RulesTests
{
    private const string State = "mobilevlm/box/gate/person/state=";
    private const string Answer = "mobilevlm/box/gate/person/answer=";
    private const string Event = "mobilevlm/box/gate/person/event=";

    [Fact]
    public async Task Events_are_sent_one_by_one_in_order_and_late_ones_are_historical()
    {
        await using var rig = Scored(new AnswerRules { Alert = AlertText.Parse("{camera}: {from} to {to} ({score})") }, "0.1 0.9 0.1 0.9 0.9 0.2");
        var isThere = true;
        rig.Link.OnConnect = () =>
            Volatile.Read(ref isThere) ? ConnectOutcomeKind.Connected : ConnectOutcomeKind.Unreachable;
        await rig.StartAsync();

        await PushAsync(rig, 2);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Event}no>yes 'gate: no to yes (90 %)' +0"), "the first event");
        Volatile.Write(ref isThere, false);
        rig.Link.Drop();
        await rig.Link.Connects.UntilAsync(connects => connects.Contains(ConnectOutcomeKind.Unreachable), "the outage");
        await PushAsync(rig, 4);
        Volatile.Write(ref isThere, true);

        var published = await rig.Link.Published.UntilAsync(
            published => published.Count(line => line.StartsWith(Event, StringComparison.Ordinal)) == 4, "all events");
        Assert.Equal(
            ["no>yes '", "yes>no late '", "no>yes late '", "yes>no late '"],
            published.Where(line => line.StartsWith(Event, StringComparison.Ordinal))
                .Select(line => line[Event.Length..(line.IndexOf('\'', StringComparison.Ordinal) + 1)]));
        // How things are comes before what happened.
        var after = published.Skip(published.ToList().LastIndexOf("mobilevlm/box/availability=online")).ToList();
        Assert.True(after.IndexOf($"{State}no") < after.FindIndex(line => line.StartsWith(Event, StringComparison.Ordinal)));
        Assert.Equal((0, 0), (rig.Stats.Mqtt.EventsWaiting, rig.Stats.Mqtt.EventsDropped));
    }

    [Fact]
    public async Task Too_many_events_drop_the_oldest_and_count_it()
    {
        await using var outbox = new MemoryOutbox(TimeProvider.System);
        for (var i = 0; i < MemoryOutbox.DefaultLimit + 2; i++)
        {
            await outbox.StoreAsync(new OutboxEvent($"{i}", "gate", "x"u8.ToArray()));
        }

        Assert.Equal((MemoryOutbox.DefaultLimit, 2), (outbox.Stats.Rows, outbox.Stats.DroppedForSpace));
        Assert.Equal("2", (await outbox.OldestAsync(new HashSet<string>()))!.Event.Id);
    }

    [Fact]
    public async Task A_state_is_published_when_it_changes_and_answers_each_time()
    {
        await using var rig = await Scored(new AnswerRules(), "0.1 0.2 0.5 0.9 0.9").StartAsync();
        await PushAsync(rig, 5);
        var published = await rig.Link.Published.UntilAsync(
            published => published.Contains("mobilevlm/box/gate/person/answer=yes #5") && published.Contains($"{State}yes"), "the last answer");

        Assert.Equal([$"{State}no", $"{State}yes"], published.Where(line => line.StartsWith(State, StringComparison.Ordinal)));
        Assert.Contains("mobilevlm/box/gate/person/answer=unknown #3", published);
    }

    [Fact]
    public async Task A_question_is_asked_only_while_another_one_is_true()
    {
        var plan = new CameraConfiguration(
            new CameraId("gate"),
            [
                new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Always),
                new StandingQuestion("helmet", "helmet", QuestionKind.YesNo, EdgeRig.Always)
                {
                    When = QuestionCondition.Parse("person"),
                },
            ],
            false);
        var time = new FakeTime();
        await using var rig = new EdgeRig(plan) { Time = time };
        var person = "0.1";
        rig.Engine.OnAnswer = (_, question) => question.Text == "person" ? Volatile.Read(ref person) : "0.9";
        await rig.StartAsync();

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        Assert.DoesNotContain("ask 1 helmet", rig.Engine.Done.Items);
        time.Advance(TimeSpan.FromSeconds(1));
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/helmet/state=unknown"), "the reason");
        Assert.Equal(UnknownReason.WhenFalse.ToText(), rig.Stats.Cameras["gate"].Questions["helmet"].WaitsFor);

        Volatile.Write(ref person, "0.9");
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{State}yes"), "the person");
        time.Advance(TimeSpan.FromSeconds(1));
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/helmet/state=yes"), "the helmet");
    }

    [Fact]
    public async Task Questions_about_different_regions_of_a_frame_are_asked_apart_and_those_about_one_together()
    {
        var left = new FrameRegion(RegionPolygon.Parse("0,0 0.5,0 0.5,1 0,1"), []);
        var same = new FrameRegion(RegionPolygon.Parse("0,0 0.5,0 0.5,1 0,1"), []);
        var plan = new CameraConfiguration(
            new CameraId("gate"),
            [
                new StandingQuestion("a", "a", QuestionKind.YesNo, EdgeRig.Once),
                new StandingQuestion("b", "b", QuestionKind.YesNo, EdgeRig.Once) { Region = left },
                new StandingQuestion("c", "c", QuestionKind.YesNo, EdgeRig.Once) { Region = same },
            ],
            false);
        await using var rig = await new EdgeRig(plan).StartAsync();

        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(2);

        Assert.Equal(["a", "b+c"], answers.Select(it => string.Join('+', it.Answers.Select(answer => answer.Question.Id))));
        Assert.All(answers, answer => Assert.Equal(1, answer.Sequence.Value));
        Assert.Equal(2, rig.Engine.Done.Items.Count(done => done == "encode 1"));
        var stats = rig.Stats.Cameras["gate"];
        Assert.Equal((1, 1, 2), (stats.FramesCaptured, stats.FramesRepeated, stats.FramesUsed));
    }

    [Fact]
    public async Task A_camera_that_delivers_no_frame_is_the_reason_and_is_logged_once()
    {
        var time = new FakeTime();
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time }.StartAsync();
        Assert.Equal(UnknownReason.NotYet.ToText(), rig.Stats.Cameras["gate"].Questions["person"].WaitsFor);

        for (var i = 0; i < 40; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await rig.Link.Published.UntilAsync(published => published.Contains($"{State}unknown"), "the unknown state");
        Assert.Equal(UnknownReason.NoPicture.ToText(), rig.Stats.Cameras["gate"].Questions["person"].WaitsFor);
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "gate/person: no answer, because the camera gives no picture"));

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return rig.Log.Logged(LogLevel.Information, "gate/person: answered again").Any();
        }, "the good news");
        Assert.Null(rig.Stats.Cameras["gate"].Questions["person"].WaitsFor);
    }

    [Fact]
    public async Task What_is_known_survives_a_restart_of_the_service()
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-restart-").FullName;
        try
        {
            await using (var first = Scored(new AnswerRules(), "0.9"))
            {
                first.Settings = first.Settings with { StateFolder = folder };
                await first.StartAsync();
                await PushAsync(first, 1);
                await first.Link.Published.UntilAsync(published => published.Contains($"{State}yes"), "the state");
            }

            await using var second = Scored(new AnswerRules(), "0.1");
            second.Settings = second.Settings with { StateFolder = folder };
            await second.StartAsync();
            await PushAsync(second, 1);
            await second.Link.Published.UntilAsync(
                published => published.Any(line => line.StartsWith($"{Event}yes>no", StringComparison.Ordinal)), "what changed meanwhile");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_change_is_written_down_once_its_event_is_safe_and_not_before()
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-safe-").FullName;
        try
        {
            var time = new FakeTime();
            await using var rig = Scored(new AnswerRules(), "0.1 0.9 0.9 0.9", time);
            await using var outbox = new SlowOutbox(time);
            rig.Outbox = outbox;
            rig.Settings = rig.Settings with { StateFolder = folder };
            await rig.StartAsync();
            await PushAsync(rig, 1);
            await rig.Link.Published.UntilAsync(published => published.Contains($"{State}no"), "the first state");
            time.Advance(QuestionStateStore.IntervalOfEvents);
            await Eventually.TrueAsync(() => Written() == "no", "the first state on disk");
            await PushAsync(rig, 1);
            await rig.Link.Published.UntilAsync(published => published.Contains($"{State}yes"), "the state");

            // A kill at this moment loses the event, and the change with it: it is seen again.
            time.Advance(QuestionStateStore.IntervalOfEvents);
            for (var answer = 3; answer <= 4; answer++)
            {
                await PushAsync(rig, 1);
                await rig.Link.Published.UntilAsync(published => published.Contains($"{Answer}yes #{answer}"), "what comes after it");
            }

            Assert.Equal("no", Written());

            // Reading the clock is not needed: a kill right after the event does not publish it twice.
            outbox.Open();
            await Eventually.TrueAsync(() => Written() == "yes", "the state beside its event");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        string? Written() => new QuestionStateFile(folder, new RecordingLogger().CreateLogger<QuestionStateFile>())
            .Read().States.GetValueOrDefault("gate/person")?.State.Value;
    }

    private static EdgeRig Scored(AnswerRules rules, string scores, TimeProvider? time = null)
    {
        var plan = new CameraConfiguration(
            new CameraId("gate"),
            [new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Always) { Rules = rules }],
            false);
        var rig = new EdgeRig(plan) { Time = time ?? TimeProvider.System };
        rig.Engine.OnAnswer = (frame, _) => scores.Split(' ')[(int)frame - 1];
        return rig;
    }

    private static async Task PushAsync(EdgeRig rig, int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            var before = rig.Answers.Items.Count;
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(before + 1);
        }
    }
}
