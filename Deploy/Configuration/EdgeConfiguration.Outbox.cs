using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Settings of the outbox, in which events wait for the broker.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>The settings of the outbox; null if there is no folder for it, so that events wait in memory.</summary>
    public OutboxSettings? ToOutboxSettings()
    {
        var path = Options.Outbox.Path is { } file ? FullPath(file)
            : StateFolder is { } folder ? Path.Combine(folder, StateLayout.Outbox)
            : null;
        return path is null ? null : OutboxAt(path);
    }

    /// <summary>The settings of an outbox in a file; the limits are the same for each.</summary>
    private OutboxSettings OutboxAt(string path) => new()
    {
        Path = path,
        Durability = Options.Outbox.Durability,
        MaxRows = Options.Outbox.MaxRows,
        MaxBytes = Options.Outbox.MaxMegabytes * 1_000_000L,
        MaxAge = Options.Outbox.MaxAge,
    };
}
