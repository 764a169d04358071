using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Mqtt.Topics;

/// <summary>The topic tree of one device: <c>&lt;base&gt;/&lt;node&gt;/…</c>. Names are checked where configuration is read.</summary>
public sealed class NodeTopics(string baseTopic, string node)
{
    private const string AskLevel = "ask";
    private const string EnabledLevel = "enabled";
    private const string SetLevel = "set";
    private const string ModeLevel = "mode";
    /// <summary>The longest snooze in hours, a week: what is meant to last is a setting.</summary>
    public const double MaxSnoozeHours = 168;

    private const string SnoozeLevel = "snooze";
    private const string LabelLevel = "label";

    private readonly string _root = $"{baseTopic}/{node}";

    /// <summary>Filter for everything of this device.</summary>
    public string All => $"{_root}/#";

    /// <summary>Retained, and the will: <c>online</c>, <c>stopped</c>, <c>offline</c>.</summary>
    public string Availability => $"{_root}/availability";

    /// <summary>Retained JSON, refreshed on a fixed interval.</summary>
    public string Stats => $"{_root}/stats";

    /// <summary>Here anybody may ask: <see cref="AdHoc.AskRequest"/> with a camera or a picture.</summary>
    public string Ask => $"{_root}/{AskLevel}";

    /// <summary>Answers to <see cref="Ask"/> of those who name no topic for them.</summary>
    public string Reply => $"{_root}/reply";

    /// <summary>Filters for everything that others may send to this device.</summary>
    public IReadOnlyList<string> Commands =>
    [
        Ask, $"{_root}/+/{AskLevel}", $"{_root}/+/+/{EnabledLevel}/{SetLevel}", $"{_root}/+/+/{SnoozeLevel}/{SetLevel}", $"{_root}/+/+/{LabelLevel}/{SetLevel}",
    ];

    /// <summary>Retained: the name of the current mode.</summary>
    public string Mode => $"{_root}/{ModeLevel}";

    /// <summary>Here the name of a mode makes it the current one. Subscribed to where there are modes.</summary>
    public string ModeSet => $"{Mode}/{SetLevel}";

    /// <summary>Retained: <c>online</c>, <c>offline</c>.</summary>
    public string CameraAvailability(string camera) => $"{_root}/{camera}/availability";

    /// <summary>Answers to ad-hoc questions on the camera's <c>ask</c> topic whose clients name no topic for them.</summary>
    public string CameraReply(string camera) => $"{_root}/{camera}/reply";

    /// <summary>Retained: the bare value, cut to 255 characters.</summary>
    public string State(string camera, string question) => $"{_root}/{camera}/{question}/state";

    /// <summary>Retained JSON: <see cref="AnswerPayload"/>.</summary>
    public string Answer(string camera, string question) => $"{_root}/{camera}/{question}/answer";

    /// <summary>Not retained JSON: <see cref="EventPayload"/>.</summary>
    public string Event(string camera, string question) => $"{_root}/{camera}/{question}/event";

    /// <summary>Retained: <c>ON</c> while the question is asked, else <c>OFF</c>.</summary>
    public string Enabled(string camera, string question) => $"{_root}/{camera}/{question}/{EnabledLevel}";

    /// <summary>Here <c>ON</c> or <c>OFF</c> switches the question.</summary>
    public string EnabledSet(string camera, string question) => $"{Enabled(camera, question)}/{SetLevel}";

    /// <summary>Retained: the end of the question's snooze; empty while it is not snoozed.</summary>
    public string Snooze(string camera, string question) => $"{_root}/{camera}/{question}/{SnoozeLevel}";

    /// <summary>Here a number of hours holds the question's events back.</summary>
    public string SnoozeSet(string camera, string question) => $"{Snooze(camera, question)}/{SetLevel}";

    /// <summary>Here a stored frame is labelled with the right answer to the question.</summary>
    public string LabelSet(string camera, string question) => $"{_root}/{camera}/{question}/{LabelLevel}/{SetLevel}";

    /// <summary>Retained JPEG of the very frame that was asked.</summary>
    public string Snapshot(string camera) => $"{_root}/{camera}/snapshot";

    /// <summary>Retained: <c>normal</c>, <c>changed</c>, <c>covered</c>, <c>dark</c>, <c>blurred</c>, <c>unknown</c>.</summary>
    public string View(string camera) => $"{_root}/{camera}/view";

    /// <summary>Retained JPEG of the view before it changed last.</summary>
    public string ViewBefore(string camera) => $"{View(camera)}/before";

    /// <summary>Retained JPEG of the view when it changed last.</summary>
    public string ViewAfter(string camera) => $"{View(camera)}/after";

    /// <summary>Whether a topic is one of this device, known or not.</summary>
    public bool Holds(string topic) =>
        topic == _root || topic.StartsWith($"{_root}/", StringComparison.Ordinal);

    /// <summary>Parses a topic of <see cref="Commands"/> or <see cref="ModeSet"/>; null for any other topic.</summary>
    public MqttCommand? ReadCommand(string topic)
    {
        if (!topic.StartsWith($"{_root}/", StringComparison.Ordinal))
        {
            return null;
        }

        return topic[(_root.Length + 1)..].Split('/') switch
        {
            [AskLevel] => new MqttCommand(CommandKind.Ask, null, null),
            [var camera, AskLevel] => new MqttCommand(CommandKind.Ask, camera, null),
            [var camera, var question, EnabledLevel, SetLevel] => new MqttCommand(CommandKind.Enable, camera, question),
            [var camera, var question, SnoozeLevel, SetLevel] => new MqttCommand(CommandKind.Snooze, camera, question),
            [var camera, var question, LabelLevel, SetLevel] => new MqttCommand(CommandKind.Label, camera, question),
            [ModeLevel, SetLevel] => new MqttCommand(CommandKind.Mode, null, null),
            _ => null,
        };
    }
}

/// <summary>Commands that clients may send to this device.</summary>
public enum CommandKind
{
    /// <summary>An ad-hoc question.</summary>
    Ask,

    /// <summary>Switches a standing question.</summary>
    Enable,

    /// <summary>Holds back the events of a standing question.</summary>
    Snooze,

    /// <summary>Switches the mode.</summary>
    Mode,

    /// <summary>Labels a stored frame of a standing question.</summary>
    Label,
}

/// <summary>The parts of a topic; names are as the topic has them, and need not exist.</summary>
/// <param name="Kind">What is asked for.</param>
/// <param name="Camera">Null on the node's own topic.</param>
/// <param name="Question">Null but for <see cref="CommandKind.Enable"/>, <see cref="CommandKind.Snooze"/> and <see cref="CommandKind.Label"/>.</param>
public sealed record MqttCommand(CommandKind Kind, string? Camera, string? Question);
