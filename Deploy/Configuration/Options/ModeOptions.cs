using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Modes:MODE</c>.</summary>
internal sealed class ModeOptions
{
    [Description("Questions that are not asked in this mode. Their state is `unknown` with the reason `notInMode`; their switches stay as they are.")]
    [QuestionPattern]
    public List<string> Skip { get; set; } = [];

    [Description("Questions whose events are not published in this mode, neither over MQTT nor to webhooks. Their states and answers are.")]
    [QuestionPattern]
    public List<string> MuteEvents { get; set; } = [];
}
