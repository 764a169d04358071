using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Mqtt</c>.</summary>
internal sealed class MqttOptions
{
    public const int DefaultPort = 1883;

    [Description("`embedded` starts a broker in this process, on the loopback address only. Ports default to 1883 (`mqtt`) "
        + "and 8883 (`mqtts`, encrypted). A password never stands here: see `User` and `PasswordFile`.")]
    [Required]
    [Broker]
    [Secret]
    public string? Broker { get; set; }

    [Description("Topics begin with it, followed by the node's name.")]
    [BaseTopic]
    public string BaseTopic { get; set; } = "mobilevlm";

    [Description("Port of the embedded broker; 0 takes any that is free. The port of another broker stands in its address.")]
    [DefaultText("`1883`")]
    [NumberRange(0, 65535)]
    public int? Port { get; set; }

    [Description("User name at the broker.")]
    [TextLength(256)]
    public string? User { get; set; }

    [Description("File whose first line is the user's password; read at each connect, so that it can be changed. "
        + "`credential:NAME` is a credential that systemd hands over (`LoadCredential=NAME:FILE` in the unit).")]
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

    [Description("How often the connection is tried while nothing is said.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);

    [Description("Quality of service of states, answers and availability: 0 may lose one, 1 repeats until the broker has it.")]
    [NumberRange(0, 2)]
    public int StateQos { get; set; } = 1;

    [Description("The same for snapshots, the largest messages by far.")]
    [NumberRange(0, 2)]
    public int SnapshotQos { get; set; } = 1;

    [Description("The same for events.")]
    [NumberRange(0, 2)]
    public int EventQos { get; set; } = 1;

    [Description("The same for the replies to questions that were asked once.")]
    [NumberRange(0, 2)]
    public int ReplyQos { get; set; } = 1;

    [Description("Keeps snapshots at the broker for those who subscribe later. States, answers and availability are always kept, events and replies never.")]
    public bool RetainSnapshots { get; set; } = true;

    [Description("What others may tell this box: questions, and switches for standing ones.")]
    public CommandOptions Commands { get; set; } = new();

    [Description("Questions that anybody who may write to the broker can ask at any moment.")]
    public AskOptions Asks { get; set; } = new();

    [Description("Tells Home Assistant about the cameras, so that their entities appear by themselves.")]
    public HomeAssistantOptions HomeAssistant { get; set; } = new();
}

/// <summary>Section <c>MobileVlm:Mqtt:Commands</c>.</summary>
internal sealed class CommandOptions
{
    [Description("Listens to commands at all. Off, nothing is subscribed to: nobody can ask or switch anything.")]
    public bool Enabled { get; set; } = true;

    [Description("Longest message that is taken, in bytes; a picture in base64 takes a third more than its file.")]
    [NumberRange(1024, 64 * 1024 * 1024)]
    public int MaxPayloadBytes { get; set; } = 1024 * 1024;

    [Description("Commands that are taken each second on average; more are dropped and counted in `stats`.")]
    [NumberRange(0.1, 1000)]
    public double PerSecond { get; set; } = 50;

    [Description("Commands that may come at once after a quiet time.")]
    [NumberRange(1, 500)]
    public int Burst { get; set; } = 250;
}

/// <summary>Section <c>MobileVlm:Mqtt:Asks</c>.</summary>
internal sealed class AskOptions
{
    [Description("Answers such questions. Off, each is told so.")]
    public bool Enabled { get; set; } = true;

    [Description("Questions that may wait or be answered at once; one more gets the answer `busy`. At most two go with each frame, behind the standing questions.")]
    [NumberRange(1, 100)]
    public int MaxWaiting { get; set; } = 16;

    [Description("Longest wait for an answer when the request sets no deadline; then it gets the answer `expired`.")]
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Longest deadline that a request may set.")]
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan MaxDeadline { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Most tokens of a written answer, and how many it has when the request sets none; at most what leaves `ContextTokens` room for a question. Long answers keep the next frame waiting.")]
    [NumberRange(1, 512)]
    public int MaxTokens { get; set; } = 64;

    [Description("Where answers may be sent to when the request names a topic: beginnings of topics, separated by commas. The box's own topics are never among them.")]
    [DefaultText("`BaseTopic/replies/, replies/, responses/`")]
    [TopicPrefixes]
    public string? ReplyPrefixes { get; set; }
}

/// <summary>Section <c>MobileVlm:Mqtt:HomeAssistant</c>.</summary>
internal sealed class HomeAssistantOptions
{
    [Description("Publishes one discovery message for each camera.")]
    public bool Enabled { get; set; }

    [Description("Discovery prefix, as it is set in Home Assistant.")]
    [BaseTopic]
    public string Prefix { get; set; } = "homeassistant";

    [Description("Topic of Home Assistant's birth message.")]
    [DefaultText("`Prefix/status`")]
    [BaseTopic]
    public string? BirthTopic { get; set; }

    [Description("The birth message. When it comes, everything is published again.")]
    [TextLength(64)]
    public string BirthPayload { get; set; } = "online";

    [Description("It is published again after a random part of this time, so that many boxes do not speak at once.")]
    [TimeRange("00:00:00", "00:10:00")]
    public TimeSpan AfterBirthWithin { get; set; } = TimeSpan.FromSeconds(5);
}
