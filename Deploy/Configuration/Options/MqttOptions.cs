using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Mqtt</c>.</summary>
internal sealed class MqttOptions
{
    public const int DefaultPort = 1883;

    [Description("`embedded` starts a broker in this process, on the loopback address only. Ports default to 1883 (`mqtt`) and 8883 (`mqtts`, encrypted). Do not write a password here: use `User` and `PasswordFile`.")]
    [DefaultText("**required**, unless the whole section is left out, which `Http:Listen` or `Webhooks` allows")]
    [Broker]
    [Secret]
    public string? Broker { get; set; }

    [Description("First part of every topic; the node's name follows.")]
    [BaseTopic]
    public string BaseTopic { get; set; } = "mobilevlm";

    [Description("Port of the embedded broker; 0 uses any free port. The port of another broker is part of its address.")]
    [DefaultText("`1883`")]
    [NumberRange(0, 65535)]
    public int? Port { get; set; }

    [Description("User name at the broker.")]
    [TextLength(256)]
    public string? User { get; set; }

    [Description("File whose first line is the user's password; read at each connect, so that it can be changed. `credential:NAME` is a credential that systemd passes to the service (`LoadCredential=NAME:FILE` in the unit).")]
    [TextLength(4096)]
    public string? PasswordFile { get; set; }

    [Description("PEM file of the authority that signed the broker's certificate, for `mqtts`.")]
    [DefaultText("the system's authorities")]
    [TextLength(4096)]
    public string? CaFile { get; set; }

    [Description("Client id. A broker closes the older of two connections with the same id.")]
    [DefaultText("`mobilevlm-NODE`")]
    [SafeName(64, "_-.")]
    public string? ClientId { get; set; }

    [Description("Interval of keep-alive packets while nothing else is sent.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);

    [Description("Quality of service of states, answers and availability: 0 may lose a message; 1 repeats it until the broker has it.")]
    [NumberRange(0, 2)]
    public int StateQos { get; set; } = 1;

    [Description("Quality of service of snapshots, by far the largest messages.")]
    [NumberRange(0, 2)]
    public int SnapshotQos { get; set; } = 1;

    [Description("Quality of service of events.")]
    [NumberRange(0, 2)]
    public int EventQos { get; set; } = 1;

    [Description("Quality of service of the replies to ad-hoc questions.")]
    [NumberRange(0, 2)]
    public int ReplyQos { get; set; } = 1;

    [Description("Retains snapshots at the broker for later subscribers. States, answers and availability are always retained; events and replies never are.")]
    public bool RetainSnapshots { get; set; } = true;

    [Description("Commands that other clients may send to this device: ad-hoc questions, and switches for standing questions.")]
    public CommandOptions Commands { get; set; } = new();

    [Description("Ad-hoc questions: any client that may write to the broker can ask them at any time.")]
    public AskOptions Asks { get; set; } = new();

    [Description("Announces the cameras to Home Assistant, so that their entities appear automatically.")]
    public HomeAssistantOptions HomeAssistant { get; set; } = new();
}

/// <summary>Section <c>MobileVlm:Mqtt:Commands</c>.</summary>
internal sealed class CommandOptions
{
    [Description("Accepts commands. When off, the service subscribes to no command topic, and questions and switches over MQTT have no effect.")]
    public bool Enabled { get; set; } = true;

    [Description("Largest message that is accepted, in bytes; an image in base64 is a third larger than its file.")]
    [NumberRange(1024, 64 * 1024 * 1024)]
    public int MaxPayloadBytes { get; set; } = 1024 * 1024;

    [Description("Commands that are accepted per second on average; more are dropped and counted in `stats`.")]
    [NumberRange(0.1, 1000)]
    public double PerSecond { get; set; } = 50;

    [Description("Commands that are accepted at once after a quiet period.")]
    [NumberRange(1, 500)]
    public int Burst { get; set; } = 250;
}

/// <summary>Section <c>MobileVlm:Mqtt:Asks</c>.</summary>
internal sealed class AskOptions
{
    [Description("Answers ad-hoc questions. When off, each one gets a reply that says so.")]
    public bool Enabled { get; set; } = true;

    [Description("Maximum number of ad-hoc questions that wait or are being answered; a further one gets the answer `busy`. At most two are answered per frame, after the standing questions.")]
    [NumberRange(1, 100)]
    public int MaxWaiting { get; set; } = 16;

    [Description("Maximum wait for an answer when the request sets no deadline; after it the answer is `expired`.")]
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Longest deadline that a request may set.")]
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan MaxDeadline { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Maximum tokens of a generated answer, and the default when the request sets none; limited so that `ContextTokens` leaves space for a question. Long answers delay the next frame.")]
    [NumberRange(1, 512)]
    public int MaxTokens { get; set; } = 64;

    [Description("Topics that a request may name for its answer: the first parts of topics, separated by commas. The device's own topics are never among them.")]
    [DefaultText("`BaseTopic/replies/, replies/, responses/`")]
    [TopicPrefixes]
    public string? ReplyPrefixes { get; set; }
}

/// <summary>Section <c>MobileVlm:Mqtt:HomeAssistant</c>.</summary>
internal sealed class HomeAssistantOptions
{
    [Description("Publishes one discovery message per camera.")]
    public bool Enabled { get; set; }

    [Description("Discovery prefix, as it is set in Home Assistant.")]
    [BaseTopic]
    public string Prefix { get; set; } = "homeassistant";

    [Description("Topic of Home Assistant's birth message.")]
    [DefaultText("`Prefix/status`")]
    [BaseTopic]
    public string? BirthTopic { get; set; }

    [Description("The birth message. When it arrives, everything is published again.")]
    [TextLength(64)]
    public string BirthPayload { get; set; } = "online";

    [Description("Everything is published again after a random part of this time, so that many devices do not publish at the same moment.")]
    [TimeRange("00:00:00", "00:10:00")]
    public TimeSpan AfterBirthWithin { get; set; } = TimeSpan.FromSeconds(5);
}
