using System.Text;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Deploy.Watch;
using Spectre.Console;

namespace MobileVlm.Edge.EndToEnd.Tests.Watch;

/// <summary>The live table as text, in terminals of common sizes.</summary>
public sealed class WatchScreenTests
{
    private static readonly NodeTopics Topics = new("mobilevlm", "demo");
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly WatchedQuestion[] Questions =
    [
        new("gate", "person", "Is there a person?"),
        new("gate", "gate_open", "Is the gate open?"),
        new("gate", "night", "Is it night?"),
        new("gate", "dog", "Is there a dog?"),
        new("gate", "package", "Is there a package?"),
        new("gate", "smoke", "Is there smoke?"),
        new("gate", "people", "How many people are there?"),
        new("gate", "cars", "How many cars are there?"),
        new("gate", "light", "Is it day or night?"),
        new("gate", "summary", "What is at the gate"),
        new("gate", "scene", "Describe the scene."),
    ];

    private static readonly ScreenFrame Frame = new(
        "MobileVlm.Edge demo", ["Every answer is published to mqtt://127.0.0.1:1883. To see it in another terminal:", "  mosquitto_sub -h 127.0.0.1 -p 1883 -t 'mobilevlm/#' -v"], [], "Ctrl+C stops the demo.");

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    [InlineData(100, 30)]
    [InlineData(200, 60)]
    [InlineData(79, 20)]
    [InlineData(120, 20)]
    public void Every_question_the_latest_event_and_how_to_stop_fit_the_terminal(int width, int height)
    {
        var lines = Render(Busy(), width, height);
        Assert.All(Questions, question => Assert.Single(lines, line => Starts(line, question.Id) || Starts(line, question.Ask)));
        Assert.Contains(lines, line => line.Contains("12:00:09 Person at the gate: yes (100 %)", StringComparison.Ordinal));
        Assert.Equal("Ctrl+C stops the demo.", lines[^1]);
        Assert.Contains(lines, line => line.Contains("Camera gate online", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("reused", StringComparison.Ordinal) && line.Contains("0.000", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains(" 0.0 ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_wide_layout_shows_the_questions_text_and_each_stage_and_the_compact_one_a_line_per_question()
    {
        var wide = Render(Busy(), 120, 40);
        Assert.Contains(wide, line => line.Contains("Encode", StringComparison.Ordinal) && line.Contains("Prefill", StringComparison.Ordinal));
        Assert.Contains(wide, line => line.Contains("Is there a person?", StringComparison.Ordinal) && line.Contains(" 12.5 ", StringComparison.Ordinal));
        Assert.Contains(wide, line => line.StartsWith('╭'));

        var compact = Render(Busy(), 80, 24);
        Assert.Contains("mosquitto_sub -h 127.0.0.1 -p 1883 -t 'mobilevlm/#' -v", compact[3], StringComparison.Ordinal);
        Assert.Equal("person    yes                                            1.000   17 ms   14.5 ms", compact.Single(line => Starts(line, "person")));
        Assert.Equal("scene     It is day and the gate is open. I can see a p…         50 ms   20.0 ms", compact.Single(line => Starts(line, "scene")));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(20, 8)]
    [InlineData(34, 9)]
    [InlineData(40, 100)]
    [InlineData(500, 5)]
    public void The_screen_can_be_rendered_at_any_size(int width, int height)
    {
        Render(Busy(), width, height);
        Render(new WatchState(Topics, Questions, TimeProvider.System).Snapshot(), width, height);
    }

    [Fact]
    public void Questions_that_do_not_fit_are_counted()
    {
        var lines = Render(Busy(), 60, 10);
        var shown = Questions.Count(question => lines.Any(line => Starts(line, question.Id)));
        Assert.InRange(shown, 1, Questions.Length - 1);
        Assert.Contains($"{Questions.Length - shown} more questions do not fit: enlarge the window", lines);
    }

    [Fact]
    public void A_state_shows_why_it_is_unknown_and_the_last_answer_if_it_differs()
    {
        var lines = Render(Busy(), 120, 24);
        Assert.Contains("unknown: its condition 'When' is false", lines.Single(line => Starts(line, "people")), StringComparison.Ordinal);
        Assert.Contains("no (last answer: yes)", lines.Single(line => Starts(line, "dog")), StringComparison.Ordinal);
        Assert.Contains("unknown: not confirmed yet (last answer: yes)", lines.Single(line => Starts(line, "package")), StringComparison.Ordinal);
    }

    [Fact]
    public void With_several_cameras_the_camera_is_part_of_each_questions_name()
    {
        WatchedQuestion[] two = [new("gate", "person", "Is there a person?"), new("yard", "person", "Is there a person?")];
        var state = new WatchState(Topics, two, TimeProvider.System);
        Receive(state, "yard/availability", "offline");
        var lines = Render(state.Snapshot(), 80, 24);
        Assert.Contains(lines, line => Starts(line, "gate/person"));
        Assert.Contains(lines, line => Starts(line, "yard/person"));
        Assert.Contains(lines, line => line.Contains("yard offline", StringComparison.Ordinal));
    }

    [Fact]
    public void Generated_text_moves_no_cursor_and_breaks_no_line()
    {
        var state = new WatchState(Topics, Questions, TimeProvider.System);
        Answer(state, "scene", "a\u001b[2Jb\r\nc\tgroß 日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語", score: null);
        foreach (var width in (int[])[60, 80, 120])
        {
            Assert.DoesNotContain(Render(state.Snapshot(), width, 30), line => line.Any(char.IsControl));
        }
    }

    [Fact]
    public void Only_changes_become_lines()
    {
        var changes = new List<string>();
        var state = new WatchState(Topics, Questions, TimeProvider.System) { Changed = change => changes.Add(WatchText.Line(change)) };
        Receive(state, "availability", "online");
        Receive(state, "availability", "online");
        Receive(state, "gate/availability", "online");
        Answer(state, "person", "no", 0.01, seq: 1);
        Answer(state, "person", "no", 0.02, seq: 2);
        Answer(state, "person", "yes", 0.99, seq: 3);
        Answer(state, "package", "no", 0.03, state: "unknown", reason: "notYet");
        Receive(state, "gate/person/event", Encoding.UTF8.GetString(MqttJson.Serialize(Happened(0))));
        Receive(state, "gate/person/answer", "{\"not\": \"an answer\"}");
        Receive(state, "gate/dog/answer", "garbage");
        Receive(state, "gate/other/answer", "garbage");
        Assert.Equal(
            ["service: online", "camera gate: online", "gate/person: no (score 0.010)", "gate/person: no -> yes (score 0.990)", "gate/package: unknown: not confirmed yet (score 0.030)", "event gate/person: Person at the gate: yes (100 %)"],
            changes);
        Assert.Equal(4, state.AnswerCount);
    }

    private static bool Starts(string line, string text) =>
        line.TrimStart('│', ' ').StartsWith(text + " ", StringComparison.Ordinal);

    private static WatchSnapshot Busy()
    {
        var state = new WatchState(Topics, Questions, TimeProvider.System);
        Receive(state, "availability", "online");
        Receive(state, "gate/availability", "online");
        Answer(state, "person", "yes", 0.9999);
        Answer(state, "gate_open", "no", 0.0001, reused: true);
        Answer(state, "night", "no", 0.0001, reused: true);
        Answer(state, "dog", "yes", 0.61, state: "no");
        Answer(state, "package", "yes", 0.8, state: "unknown", reason: "notYet");
        Answer(state, "smoke", "no", 0.0002);
        Answer(state, "people", "unknown", null, state: "unknown", reason: "whenFalse");
        Answer(state, "cars", "1", null);
        Answer(state, "light", "It is day.", 0.9999);
        Answer(state, "summary", "{\"smoke\":\"no\",\"cars\":1}", null);
        Answer(state, "scene", "It is day and the gate is open. I can see a person and a white car.", null, age: 50, timings: new StageTimings(10, 2, 8));
        for (var i = 0; i < 10; i++)
        {
            Receive(state, "gate/person/event", Encoding.UTF8.GetString(MqttJson.Serialize(Happened(i))));
        }

        return state.Snapshot();
    }

    private static EventPayload Happened(int second) => new()
    {
        Id = $"{second}",
        Node = "demo",
        Camera = "gate",
        Question = "person",
        Ask = "Is there a person?",
        From = "no",
        To = "yes",
        At = new DateTimeOffset(Now.AddSeconds(second).DateTime, TimeZoneInfo.Local.GetUtcOffset(Now.DateTime)),
        Since = Now,
        Frame = 1,
        Text = "Person at the gate: yes (100 %)",
        HeldBack = 0,
        Historical = false,
        Model = "demo",
    };

    private static void Answer(
        WatchState into, string question, string value, double? score, string? state = null, string? reason = null,
        bool reused = false, long seq = 1, double age = 17, StageTimings? timings = null) =>
        Receive(into, $"gate/{question}/answer", Encoding.UTF8.GetString(MqttJson.Serialize(new AnswerPayload
        {
            Node = "demo",
            Camera = "gate",
            Question = question,
            Ask = question,
            Value = value,
            Text = value,
            Score = score,
            Frame = 1,
            CapturedAt = Now,
            AnsweredAt = Now,
            AgeMs = age,
            Timings = reused ? new StageTimings(0, 0, 0) : timings ?? new StageTimings(12.5, 2, 0),
            Model = "demo",
            Reused = reused,
            Seq = seq,
            State = state ?? value,
            Reason = reason,
        })));

    private static void Receive(WatchState state, string topic, string text) =>
        state.Receive(new InboundMessage($"mobilevlm/demo/{topic}", Encoding.UTF8.GetBytes(text), Retained: false));

    /// <summary>Renders plain text; fails if a line or the number of lines is larger than the terminal.</summary>
    private static List<string> Render(WatchSnapshot snapshot, int width, int height)
    {
        var lines = new WatchScreen(new ScreenStyle(ColorSystem.NoColors, Unicode: true))
            .Render(snapshot, Frame, new ScreenSize(width, height))
            .Select(line => string.Concat(line.Select(segment => segment.Text)).TrimEnd()).ToList();
        Assert.True(lines.Count <= height, $"{lines.Count} lines in a terminal of {height}");
        Assert.All(lines, line => Assert.True(ScreenStyle.Columns(line) <= width, $"wider than {width}: {line}"));
        return lines;
    }
}
