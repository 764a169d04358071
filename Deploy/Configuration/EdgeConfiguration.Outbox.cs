using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Settings of the outbox, in which events wait for the broker.</content>
internal sealed partial class EdgeConfiguration
{
    private const string OutboxFile = "outbox.db";

    /// <summary>The settings of the outbox; null if there is no folder for it, so that events wait in memory.</summary>
    public OutboxSettings? ToOutboxSettings()
    {
        var outbox = Options.Outbox;
        var path = outbox.Path is { } file ? FullPath(file)
            : StateFolder is { } folder ? Path.Combine(folder, OutboxFile)
            : null;
        return path is null ? null : new OutboxSettings
        {
            Path = path,
            Durability = outbox.Durability,
            MaxRows = outbox.MaxRows,
            MaxBytes = outbox.MaxMegabytes * 1_000_000L,
            MaxAge = outbox.MaxAge,
        };
    }
}
