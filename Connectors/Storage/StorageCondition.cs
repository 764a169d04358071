namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>The place in which data that should survive the process is kept now.</summary>
public enum StorageKind
{
    /// <summary>In memory, because nothing else is configured.</summary>
    Off,

    /// <summary>On disk, as it should be.</summary>
    Disk,

    /// <summary>In memory, because the disk cannot be used. It is tried again until it can.</summary>
    Memory,

    /// <summary>The disk has not answered for a while and may never answer.</summary>
    Hanging,

    /// <summary>Nowhere, because the disk cannot be used. It is tried again until it can.</summary>
    Paused,
}

/// <summary>The place, and why it is not the disk.</summary>
/// <param name="Kind">Where.</param>
/// <param name="Reason">What is wrong with the disk, without a full stop; null while nothing is.</param>
public sealed record StorageCondition(StorageKind Kind, string? Reason)
{
    public static StorageCondition Off { get; } = new(StorageKind.Off, null);

    public static StorageCondition OnDisk { get; } = new(StorageKind.Disk, null);

    public static StorageCondition InMemory(string reason) => new(StorageKind.Memory, reason);
}
