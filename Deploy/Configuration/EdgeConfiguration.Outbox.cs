using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Where events wait.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>Null keeps them in memory.</summary>
    public OutboxSettings? ToOutboxSettings() => Options.Outbox is { Path: { } path } outbox
        ? new OutboxSettings
        {
            Path = path,
            Durability = outbox.Durability,
            MaxRows = outbox.MaxRows,
            MaxBytes = outbox.MaxMegabytes * 1_000_000L,
            MaxAge = outbox.MaxAge,
        }
        : null;
}
