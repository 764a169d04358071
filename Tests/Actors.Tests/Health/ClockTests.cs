using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Health;

/// <summary>A wall clock that is not set yet, or is set while the service runs.</summary>
public sealed class ClockTests
{
    private const string Answer = "mobilevlm/box/gate/person/answer=";
    private const string State = "mobilevlm/box/gate/person/state=";

    private static readonly DateTimeOffset Unset = new(1970, 1, 1, 0, 0, 40, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTime _time = new();

    [Fact]
    public async Task Before_the_clock_is_set_messages_carry_no_times_and_afterwards_the_right_ones()
    {
        await using var rig = await StartAsync(Unset);
        rig.Engine.OnAnswer = (frame, _) => frame <= 1 ? "0.1" : "0.9";
        rig.Camera.Push(age: TimeSpan.FromSeconds(2));
        var first = await AnswerAsync(rig, 1);
        Assert.Equal("unset", first["clock"]!.ToString());
        Assert.Equal((null, null, null), (first["capturedAt"], first["answeredAt"], first["since"]));
        Assert.False(first.AsObject().ContainsKey("lastKnownAt"));
        Assert.Equal(2000, first["ageMs"]!.GetValue<double>(), 1d);
        Assert.Null(rig.Stats.At);
        Assert.Null(rig.Stats.Cameras["gate"].LastFrameAt);

        _time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => rig.Log.Logged(LogLevel.Warning, "The clock of this machine shows").Any(), "the warning");
        _time.SetWall(Now);
        _time.Advance(TimeSpan.FromSeconds(1));

        // The state is published again with its times: the picture was taken 2 s before the answer, 11 s ago.
        await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith(Answer, StringComparison.Ordinal) && !line.Contains("unset", StringComparison.Ordinal)),
            "the times of the answer");
        var known = Last(rig, Answer);
        Assert.Equal(Now.AddSeconds(1 - 13), Time(known["since"]));
        Assert.Equal(Now.AddSeconds(1 - 13), Time(known["capturedAt"]));
        Assert.Equal(Now.AddSeconds(1 - 11), Time(known["answeredAt"]));
        Assert.Equal(Now.AddSeconds(1 - 13), rig.Stats.Cameras["gate"].LastFrameAt);
        Assert.Equal(11, rig.Stats.UptimeS);

        rig.Camera.Push();
        var second = await AnswerAsync(rig, 2);
        Assert.Null(second["clock"]);
        Assert.Equal(Now.AddSeconds(1), Time(second["capturedAt"]));
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "The clock of this machine shows 1970-01-01"));
        Assert.Single(rig.Log.Logged(LogLevel.Information, "The clock of this machine was set to 2026-11-29"));
    }

    [Fact]
    public async Task An_event_from_before_the_clock_was_set_waits_for_the_broker_and_is_sent_with_its_time()
    {
        var there = false;
        await using var rig = await StartAsync(Unset, link => link.OnConnect = () =>
            Volatile.Read(ref there) ? ConnectOutcomeKind.Connected : ConnectOutcomeKind.Unreachable);
        rig.Engine.OnAnswer = (frame, _) => frame <= 1 ? "0.1" : "0.9";
        for (var frame = 1; frame <= 2; frame++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(frame);
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.EventsWaiting == 1, "the event");
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(rig.Stats.Mqtt.EventsWaitingSince);
        _time.SetWall(Now);
        Assert.Equal(Now.AddSeconds(-30), rig.Stats.Mqtt.EventsWaitingSince);
        Volatile.Write(ref there, true);
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(1));
                return rig.Link.Once.Items.Any(message => message.Topic.EndsWith("/event", StringComparison.Ordinal));
            },
            "the event");
        var sent = JsonNode.Parse(rig.Link.Once.Items.Last(message => message.Topic.EndsWith("/event", StringComparison.Ordinal)).Payload.Span)!;
        Assert.InRange(Time(sent["at"]), Now.AddSeconds(-30), Now.AddSeconds(-29));
        Assert.Equal(Time(sent["at"]), Time(sent["since"]));
        Assert.Null(sent["clock"]);
        Assert.Contains("an unknown time", sent["text"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_is_sent_before_the_clock_is_set_is_marked()
    {
        await using var rig = await StartAsync(Unset);
        rig.Engine.OnAnswer = (frame, _) => frame <= 1 ? "0.1" : "0.9";
        for (var frame = 1; frame <= 2; frame++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(frame);
        }

        await rig.Link.Once.UntilAsync(once => once.Any(message => message.Topic.EndsWith("/event", StringComparison.Ordinal)), "the event");
        var sent = JsonNode.Parse(rig.Link.Once.Items[0].Payload.Span)!;
        Assert.Equal((null, null, "unset"), (sent["at"], sent["since"], sent["clock"]!.ToString()));
    }

    [Fact]
    public async Task A_question_with_a_schedule_waits_until_the_clock_is_set_and_others_do_not()
    {
        var plan = new CameraConfiguration(new CameraId("gate"),
        [
            new StandingQuestion("person", "person", QuestionKind.YesNo, TimeSpan.Zero) { Schedule = WeeklySchedule.Parse(["00:00-23:59"]) },
            new StandingQuestion("car", "car", QuestionKind.YesNo, TimeSpan.Zero),
        ], Snapshot: false);
        _time.SetWall(Unset);
        await using var rig = await new EdgeRig(plan) { Time = _time, IsJson = true }.StartAsync();
        await HeardAsync(rig, $"{State}unknown");
        Assert.Equal(UnknownReason.ClockUnset.ToText(), rig.Stats.Cameras["gate"].Questions["person"].WaitsFor);
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        Assert.Equal(["car"], rig.Answers.Items[0].Answers.Select(answer => answer.Question.Id));
        Assert.Equal("clockUnset", Last(rig, Answer)["reason"]!.ToString());

        _time.SetWall(Now);
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                rig.Camera.Push();
                return rig.Answers.Items.Any(frame => frame.Answers.Any(answer => answer.Question.Id == "person"));
            },
            "the question with a schedule");
    }

    [Theory]
    [InlineData(-3)]
    [InlineData(3)]
    public async Task A_clock_that_is_set_by_years_changes_no_age_no_reason_and_no_pace(int years)
    {
        await using var rig = await StartAsync(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        rig.Engine.OnAsk = (frame, _, _) => frame == 1 ? throw new InvalidOperationException("as the test wants") : Inference.Answers.FinishReason.Stopped;
        rig.Camera.Push();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["gate"].Questions["person"].Failed == 1, "the failure");
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(
            () => rig.Stats.Cameras["gate"].Questions["person"].WaitsFor == UnknownReason.ModelFailed.ToText(), "the reason");

        _time.SetWall(_time.GetUtcNow().AddYears(years));
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                rig.Camera.Push();
                return rig.Answers.Items.Count > 0;
            },
            "the next answer");
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return rig.Stats.Cameras["gate"].Questions["person"].WaitsFor is null;
            },
            "that nothing is wrong any more");
        Assert.InRange(rig.Stats.UptimeS, 0, 3600);
        // The clock of the test advances while the picture is answered, by seconds, not by years.
        Assert.InRange(rig.Answers.Items[0].Age, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Single(rig.Log.Logged(LogLevel.Information, $"The clock of this machine was set {(years > 0 ? "forward" : "back")}"));

        // Pictures that come are not taken for none.
        rig.Camera.Push();
        _time.Advance(TimeSpan.FromSeconds(31));
        rig.Camera.Push();
        await Eventually.TrueAsync(
            () =>
            {
                rig.Camera.Push();
                _time.Advance(TimeSpan.FromSeconds(1));
                return rig.Stats.Cameras["gate"].Questions["person"].WaitsFor != UnknownReason.NoPicture.ToText();
            },
            "that the picture counts");
    }

    private static JsonNode Last(EdgeRig rig, string topic) =>
        JsonNode.Parse(rig.Link.Published.Items.Last(line => line.StartsWith(topic, StringComparison.Ordinal))[topic.Length..])!;

    private static DateTimeOffset Time(JsonNode? node) => DateTimeOffset.Parse(node!.ToString(), CultureInfo.InvariantCulture);

    private async Task<EdgeRig> StartAsync(DateTimeOffset wall, Action<FakeLink>? change = null)
    {
        _time.SetWall(wall);
        var rules = new AnswerRules { Heartbeat = TimeSpan.Zero, Alert = AlertText.Parse("{question} at {at}") };
        var question = new StandingQuestion("person", "person", QuestionKind.YesNo, TimeSpan.Zero) { Rules = rules };
        var rig = new EdgeRig(new CameraConfiguration(new CameraId("gate"), [question], Snapshot: false)) { Time = _time, IsJson = true };
        change?.Invoke(rig.Link);
        await rig.StartAsync();
        return rig;
    }

    private async Task HeardAsync(EdgeRig rig, string line) => await Eventually.TrueAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return rig.Link.Published.Items.Contains(line);
        },
        line);

    private static async Task<JsonNode> AnswerAsync(EdgeRig rig, int sequence)
    {
        await rig.Answers.UntilCountAsync(sequence);
        await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith(Answer, StringComparison.Ordinal)
                && line.Contains($"\"seq\":{sequence}", StringComparison.Ordinal)),
            $"answer {sequence}");
        return Last(rig, Answer);
    }
}
