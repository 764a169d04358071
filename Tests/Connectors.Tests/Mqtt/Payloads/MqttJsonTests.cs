using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Payloads;

/// <summary>The exact text that subscribers were promised.</summary>
public sealed class MqttJsonTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 30, 5, TimeSpan.FromHours(1));

    private static readonly AnswerPayload Answer = new()
    {
        Node = "edge-1",
        Camera = "gate",
        Question = "person",
        Ask = "Is there a person?",
        Value = "yes",
        Text = "Yes",
        Score = 0.875,
        Frame = 42,
        CapturedAt = At,
        AnsweredAt = At.AddMilliseconds(1234.5678),
        AgeMs = 1234.5,
        Timings = new StageTimings(100, 20.5, 3),
        Model = "mobilevlm-v2-1.7b",
        Seq = 7,
        State = "yes",
        Since = At.AddSeconds(-10),
        LastKnown = "yes",
        LastKnownAt = At,
    };

    [Fact]
    public void An_answer_has_exactly_this_text()
    {
        const string expected =
            """
            {"v":1,"node":"edge-1","camera":"gate","question":"person","ask":"Is there a person?","value":"yes",
            "text":"Yes","score":0.875,"frame":42,"capturedAt":"2026-03-01T12:30:05.000+01:00",
            "answeredAt":"2026-03-01T12:30:06.234+01:00","ageMs":1234.5,
            "timings":{"encodeMs":100,"prefillMs":20.5,"decodeMs":3},"model":"mobilevlm-v2-1.7b","reused":false,"seq":7,"state":"yes",
            "since":"2026-03-01T12:29:55.000+01:00","lastKnown":"yes","lastKnownAt":"2026-03-01T12:30:05.000+01:00"}
            """;

        Assert.Equal(expected.ReplaceLineEndings(""), Text(MqttJson.Serialize(Answer)));
    }

    [Fact]
    public void An_answer_without_score_has_a_null_score()
    {
        var json = Text(MqttJson.Serialize(Answer with { Score = null }));

        Assert.Contains("\"score\":null", json, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_state_before_any_picture_has_exactly_this_text()
    {
        const string expected =
            """
            {"v":1,"node":"edge-1","camera":"gate","question":"person","ask":"Is there a person?","value":"unknown",
            "text":"","score":null,"frame":null,"capturedAt":null,"answeredAt":null,"ageMs":null,"timings":null,
            "model":"mobilevlm-v2-1.7b","reused":false,"seq":0,"state":"unknown","since":"2026-03-01T12:30:05.000+01:00",
            "reason":"noPicture"}
            """;

        Assert.Equal(expected.ReplaceLineEndings(""), Text(MqttJson.Serialize(Answer with
        {
            Value = "unknown",
            Text = "",
            Score = null,
            Frame = null,
            CapturedAt = null,
            AnsweredAt = null,
            AgeMs = null,
            Timings = null,
            Seq = 0,
            State = "unknown",
            Since = At,
            Reason = "noPicture",
            LastKnown = null,
            LastKnownAt = null,
        })));
    }

    [Fact]
    public void Choices_numbers_and_objects_include_what_they_were_parsed_from()
    {
        var json = Text(MqttJson.Serialize(Answer with
        {
            Scores = new Dictionary<string, double> { ["red"] = 0.75, ["Dark blue"] = 0.25 },
            Number = 2.5,
            Unit = "km/h",
            Fields = new System.Text.Json.Nodes.JsonObject { ["people"] = 2, ["colour"] = null, ["note"] = "läuft" },
        }));

        Assert.Contains(
            """
            "scores":{"red":0.75,"Dark blue":0.25},"number":2.5,"unit":"km/h","fields":{"people":2,"colour":null,"note":"läuft"}
            """,
            json,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_has_exactly_this_text()
    {
        const string expected =
            """
            {"v":1,"id":"0195","node":"edge-1","camera":"gate","question":"person","ask":"Is there a person?",
            "from":"no","to":"yes","score":0.97,"scoredBy":"head","at":"2026-03-01T12:30:05.000+01:00",
            "since":"2026-03-01T12:30:02.000+01:00","frame":42,"text":"somebody is at the gate","heldBack":1,
            "lostBefore":3,"historical":true,"model":"m"}
            """;

        Assert.Equal(expected.ReplaceLineEndings(""), Text(MqttJson.Serialize(new EventPayload
        {
            Id = "0195",
            Node = "edge-1",
            Camera = "gate",
            Question = "person",
            Ask = "Is there a person?",
            From = "no",
            To = "yes",
            Score = 0.97,
            ScoredBy = "head",
            At = At,
            Since = At.AddSeconds(-3),
            Frame = 42,
            Text = "somebody is at the gate",
            HeldBack = 1,
            LostBefore = 3,
            Historical = true,
            Model = "m",
        })));
    }

    [Fact]
    public void Text_stays_readable_and_cannot_break_out_of_its_string()
    {
        const string text = "Ein Hündchen läuft's — \"schnell\" <b>\\ 犬\n\u0001";

        var bytes = MqttJson.Serialize(Answer with { Text = text });

        Assert.Contains("Ein Hündchen läuft's — \\\"schnell\\\" <b>\\\\ 犬\\n\\u0001", Text(bytes), StringComparison.Ordinal);
        using var read = JsonDocument.Parse(bytes);
        Assert.Equal(text, read.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public void An_emoji_and_half_of_one_still_give_valid_json()
    {
        using var read = JsonDocument.Parse(MqttJson.Serialize(Answer with { Text = "🐕 \ud83d" }));

        Assert.Equal("🐕 \ufffd", read.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public void The_statistics_have_exactly_this_text()
    {
        var stats = new StatsPayload
        {
            Node = "edge-1",
            At = At,
            UptimeS = 3600,
            Model = "mobilevlm-v2-1.7b",
            Target = "cuda:1",
            Sessions = new Dictionary<string, SessionStats> { ["decoder"] = new("CUDAExecutionProvider", 311, 3, null) },
            ResidentBytes = 1_500_000_000,
            Cameras = new Dictionary<string, CameraStats>
            {
                ["Gate"] = new()
                {
                    Online = true,
                    FramesCaptured = 100,
                    FramesRepeated = 0,
                    FramesReplaced = 50,
                    FramesIdle = 30,
                    FramesStale = 1,
                    FramesUsed = 18,
                    FramesGated = 9,
                    FramesFailed = 1,
                    CaptureRestarts = 2,
                    LastFrameAt = At,
                    LastAgeMs = 19.5,
                    SameFrameS = 7,
                    FrozenConnections = 3,
                    LastFrozenAt = At,
                    View = "changed",
                    ViewChanges = 4,
                    Questions = new Dictionary<string, QuestionStats>
                    {
                        ["person"] = new() { Asked = 18, Answered = 17, Failed = 1, LastAskedAt = At, LastAnsweredAt = At, GateRefreshS = 240 },
                        ["scene"] = new() { WaitsFor = "noPicture" },
                    },
                },
            },
            Pipeline = new PipelineStats { Restarts = 1, Answers = 17, LastAgeMs = 812.5, MaxAgeMs = 2000 },
            Mqtt = new MqttStats
            {
                Connected = true,
                Published = 40,
                Failed = 1,
                Reconnects = 2,
                EventsWaiting = 3,
                EventsWaitingBytes = 900,
                EventsWaitingSince = At,
                EventsDropped = 4,
                CommandsIgnored = 5,
            },
            Asks = new AskStats { Received = 21, Answered = 6, Busy = 5, Expired = 4, Refused = 3, Failed = 2 },
            Storage = new StorageStats
            {
                Outbox = StorageStats.Memory,
                OutboxReason = "the disk is full",
                EventsInMemory = 2,
                OutboxDamaged = 1,
                State = StorageStats.Disk,
            },
        };
        const string expected =
            """
            {"v":1,"node":"edge-1","at":"2026-03-01T12:30:05.000+01:00","clock":"set","uptimeS":3600,"model":"mobilevlm-v2-1.7b",
            "target":"cuda:1","sessions":{"decoder":{"provider":"CUDAExecutionProvider","nodes":311,"nodesOnCpu":3,"reason":null,"int8Kernel":null,"int8Advice":null}},
            "residentBytes":1500000000,"cameras":{"Gate":{"online":true,"framesCaptured":100,"framesRepeated":0,
            "framesReplaced":50,"framesIdle":30,"framesStale":1,"framesUsed":18,"framesGated":9,"framesFailed":1,"captureRestarts":2,
            "lastFrameAt":"2026-03-01T12:30:05.000+01:00","lastAgeMs":19.5,"sameFrameS":7,"frozenConnections":3,
            "lastFrozenAt":"2026-03-01T12:30:05.000+01:00","view":"changed","viewChanges":4,"questions":{"person":{"asked":18,"answered":17,"failed":1,
            "lastAskedAt":"2026-03-01T12:30:05.000+01:00","lastAnsweredAt":"2026-03-01T12:30:05.000+01:00",
            "waitsFor":null,"gateRefreshS":240},"scene":{"asked":0,"answered":0,"failed":0,"lastAskedAt":null,"lastAnsweredAt":null,
            "waitsFor":"noPicture","gateRefreshS":null}}}},"pipeline":{"restarts":1,"answers":17,"lastAgeMs":812.5,"maxAgeMs":2000},
            "mqtt":{"connected":true,"published":40,"failed":1,"reconnects":2,"eventsWaiting":3,"eventsWaitingBytes":900,
            "eventsWaitingSince":"2026-03-01T12:30:05.000+01:00","eventsDropped":4,
            "commandsIgnored":5},"asks":{"received":21,"answered":6,"busy":5,"expired":4,"refused":3,"failed":2},
            "storage":{"outbox":"memory","outboxReason":"the disk is full","eventsInMemory":2,"outboxDamaged":1,"state":"disk","stateReason":null}}
            """;

        Assert.Equal(expected.ReplaceLineEndings(""), Text(MqttJson.Serialize(stats)));
    }

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
