namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>Location and limits of the history. Values are validated where configuration is read.</summary>
public sealed record HistorySettings
{
    /// <summary>Its folder, which is created: one database, the snapshots and the clips.</summary>
    public required string Folder { get; init; }

    /// <summary>Most bytes of all its files together, each rounded up to blocks of 4096 bytes; at least
    /// <see cref="SmallestMaxBytes"/>.</summary>
    public long MaxBytes { get; init; } = 2_000_000_000;

    /// <summary>Older data is deleted, except events that are kept.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Free space of the disk below which the oldest data is deleted; if that is not enough, nothing is stored.</summary>
    public long MinFreeBytes { get; init; } = 500_000_000;

    /// <summary>The smallest limit with which the database and a few snapshots fit.</summary>
    public const long SmallestMaxBytes = 16_000_000;

    /// <summary>Older answers are thinned to one row per minute and question.</summary>
    public TimeSpan FullFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long rows wait to be written together, to protect flash. A kill or a power cut loses no more than
    /// this. Events are written within a second.</summary>
    public TimeSpan CommitEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>So many answers are written earlier.</summary>
    public int CommitRows { get; init; } = 500;

    /// <summary>Most frames that wait for the disk; beyond that, frames are dropped and counted.</summary>
    public int MaxWaiting { get; init; } = 2000;

    /// <summary>Most bytes of snapshots that wait for the disk; beyond that, frames are stored without theirs.</summary>
    public long MaxWaitingBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long a query waits for a disk that does not answer, and how long disposing does.</summary>
    public TimeSpan CloseWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Size of a file that reserves disk space for the deletes that free space on a full disk; 0 does without.</summary>
    public int ReserveBytes { get; init; } = 512 * 1024;

    /// <summary>The database with answers and events.</summary>
    public string DatabaseFile => Path.Combine(Folder, "history.db");

    /// <summary>The folder with the snapshots.</summary>
    public string SnapshotFolder => Path.Combine(Folder, "snapshots");
}
