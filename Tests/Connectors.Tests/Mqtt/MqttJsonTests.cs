using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt;

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
    };

    [Fact]
    public void An_answer_has_exactly_this_text()
    {
        const string expected =
            """
            {"v":1,"node":"edge-1","camera":"gate","question":"person","ask":"Is there a person?","value":"yes",
            "text":"Yes","score":0.875,"frame":42,"capturedAt":"2026-03-01T12:30:05.000+01:00",
            "answeredAt":"2026-03-01T12:30:06.234+01:00","ageMs":1234.5,
            "timings":{"encodeMs":100,"prefillMs":20.5,"decodeMs":3},"model":"mobilevlm-v2-1.7b","seq":7}
            """;

        Assert.Equal(expected.ReplaceLineEndings(""), Text(MqttJson.Serialize(Answer)));
    }

    [Fact]
    public void An_answer_without_score_says_null()
    {
        var json = Text(MqttJson.Serialize(Answer with { Score = null }));

        Assert.Contains("\"score\":null", json, StringComparison.Ordinal);
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
            Target = "cpu",
            ResidentBytes = 1_500_000_000,
            Cameras = new Dictionary<string, CameraStats>
            {
                ["Gate"] = new()
                {
                    Online = true,
                    FramesCaptured = 100,
                    FramesReplaced = 50,
                    FramesIdle = 30,
                    FramesStale = 1,
                    FramesUsed = 18,
                    FramesFailed = 1,
                    CaptureRestarts = 2,
                    LastFrameAt = At,
                    Questions = new Dictionary<string, QuestionStats>
                    {
                        ["person"] = new(18, 17, 1, At),
                        ["scene"] = new(0, 0, 0, null),
                    },
                },
            },
            Pipeline = new PipelineStats(1, 17, 812.5, 2000),
            Mqtt = new MqttStats(true, 40, 1, 2),
        };
        const string expected =
            """
            {"v":1,"node":"edge-1","at":"2026-03-01T12:30:05.000+01:00","uptimeS":3600,"model":"mobilevlm-v2-1.7b",
            "target":"cpu","residentBytes":1500000000,"cameras":{"Gate":{"online":true,"framesCaptured":100,
            "framesReplaced":50,"framesIdle":30,"framesStale":1,"framesUsed":18,"framesFailed":1,"captureRestarts":2,
            "lastFrameAt":"2026-03-01T12:30:05.000+01:00","questions":{"person":{"asked":18,"answered":17,"failed":1,
            "lastAnsweredAt":"2026-03-01T12:30:05.000+01:00"},"scene":{"asked":0,"answered":0,"failed":0,
            "lastAnsweredAt":null}}}},"pipeline":{"restarts":1,"answers":17,"lastAgeMs":812.5,"maxAgeMs":2000},
            "mqtt":{"connected":true,"published":40,"failed":1,"reconnects":2}}
            """;

        Assert.Equal(expected.ReplaceLineEndings(""), Text(MqttJson.Serialize(stats)));
    }

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
