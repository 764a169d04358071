namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>The real folder.</summary>
internal sealed class OutboxFolder(OutboxSettings settings) : IOutboxFolder
{
    private readonly SpaceReserve _reserve = new(settings.Path, settings.ReserveBytes);

    public IOutboxDatabase Open()
    {
        try
        {
            if (Path.GetDirectoryName(settings.Path) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }

            // SQLite would only report that it cannot open it, and opening a pipe would wait for its writer.
            if (FileIdentity.Of(settings.Path) is { IsRegularFile: false } other)
            {
                throw new StorageError(StorageErrorKind.Unusable, other.IsDirectory ? "a directory has this name" : "it is not a regular file");
            }

            return OutboxDatabase.Open(settings);
        }
        catch (Exception fault)
        {
            throw StorageError.From(fault);
        }
    }

    public string SetAside(DateTimeOffset now, string label)
    {
        try
        {
            return SetAsideFiles.SetAside(settings.Path, now, label);
        }
        catch (Exception fault)
        {
            throw StorageError.From(fault);
        }
    }

    public RescuedEvents Rescue(string? path) => OutboxRescue.Read(path ?? settings.Path);

    public void HoldReserve() => _reserve.TryHold();

    public void ReleaseReserve() => _reserve.Release();
}
