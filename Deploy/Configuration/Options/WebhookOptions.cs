using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Webhooks:WEBHOOK</c>.</summary>
internal sealed class WebhookOptions
{
    [Description("The receiver: each event is posted there as JSON, as on the topic `event`. Messages show its host only, because an address may hold a secret. Redirects are not followed.")]
    [Required]
    [WebhookAddress]
    [Secret]
    public string? Url { get; set; }

    [Description("File whose first line is the secret of the signature (`webhook-signature`, HMAC-SHA256 by Standard Webhooks): `whsec_` and base64, or any text of at least 16 bytes. Read at each attempt, so that it can be changed. `credential:NAME` is a credential that systemd passes to the service.")]
    [DefaultText("none: events are not signed")]
    [TextLength(4096)]
    public string? SecretFile { get; set; }

    [Description("Questions whose events are sent.")]
    [DefaultText("all")]
    [QuestionPattern]
    public List<string> Questions { get; set; } = [];

    [Description("New states whose events are sent, such as `yes`.")]
    [DefaultText("all")]
    [TextLength(255)]
    public List<string> States { get; set; } = [];

    [Description("Maximum wait for a response. After it, the event is sent again.")]
    [TimeRange("00:00:01", "00:02:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);
}
