using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace MobileVlm.Edge.Deploy.Configuration;

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
}
