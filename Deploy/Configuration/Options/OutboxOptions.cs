using System.ComponentModel;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Outbox</c>.</summary>
internal sealed class OutboxOptions
{
    [Description("File in which events wait for the broker. Without one, and without a state folder, they wait in memory and end with the process.")]
    [DefaultText("`outbox.db` in the service's state folder")]
    [TextLength(4096)]
    public string? Path { get; set; }

    [Description("What a stored event survives: `Power` a power cut (each batch is flushed to the medium), `Process` the end of the process "
        + "by any signal, while a power cut may lose the last seconds.")]
    public OutboxDurability Durability { get; set; } = OutboxDurability.Power;

    [Description("Most events that wait. Beyond it go the oldest of the topic that takes most room, counted in `stats`.")]
    [NumberRange(1, 10_000_000)]
    public int MaxRows { get; set; } = 100_000;

    [Description("Most megabytes that wait; the file is a little larger. Beyond it the same ones go.")]
    [NumberRange(1, 100_000)]
    public int MaxMegabytes { get; set; } = 64;

    [Description("An event that waited longer is given up.")]
    [TimeRange("00:01:00", "365.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(7);
}
