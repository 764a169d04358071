using System.ComponentModel;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Outbox</c>.</summary>
internal sealed class OutboxOptions
{
    [Description("File in which events wait for the broker. Without it and without a state folder, events wait in memory and are lost when the process ends.")]
    [DefaultText("`outbox.db` in the service's state folder")]
    [TextLength(4096)]
    public string? Path { get; set; }

    [Description("What a stored event survives: `Power` a power cut (each batch is flushed to the disk); `Process` the end of the process by any signal, but a power cut may lose the last seconds.")]
    public OutboxDurability Durability { get; set; } = OutboxDurability.Power;

    [Description("Maximum number of waiting events. Beyond it, the oldest events of the topic that uses the most space are dropped and counted in `stats`.")]
    [NumberRange(1, 10_000_000)]
    public int MaxRows { get; set; } = 100_000;

    [Description("Maximum size of the waiting events in megabytes; the file is a little larger. Beyond it, events are dropped in the same way.")]
    [NumberRange(1, 100_000)]
    public int MaxMegabytes { get; set; } = 64;

    [Description("An event that has waited longer is dropped.")]
    [TimeRange("00:01:00", "365.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(7);
}
