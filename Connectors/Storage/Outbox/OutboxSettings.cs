namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>What an event survives once it is stored.</summary>
public enum OutboxDurability
{
    /// <summary>The end of the process, by any signal, but not for certain a power cut: the last seconds may be missing
    /// then, and what is there is whole. One write to flash for many events.</summary>
    Process,

    /// <summary>A power cut too: each batch is flushed to the medium before it counts as stored.</summary>
    Power,
}

/// <summary>Location and limits of the outbox. Values are validated where configuration is read.</summary>
public sealed record OutboxSettings
{
    /// <summary>The database file; its folder is created. Two more files of the same name are beside it.</summary>
    public required string Path { get; init; }

    public OutboxDurability Durability { get; init; } = OutboxDurability.Power;

    /// <summary>Most payload and topic bytes that wait; at least 4096.</summary>
    public long MaxBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Most events that wait; 1 or more.</summary>
    public long MaxRows { get; init; } = 100_000;

    /// <summary>An event that waited longer, by the wall clock, is not worth sending.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long the first event of a batch waits for others, so that flash is written once for all of them.</summary>
    public TimeSpan BatchWindow { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Most events kept in memory, whether as a copy of the newest ones on disk or because the disk takes nothing.
    /// Of those that no disk has, the oldest of the topic that takes most space goes first.</summary>
    public int MaxInMemory { get; init; } = 1000;

    /// <summary>Most bytes of payloads, topics and ids kept in memory, under the same rule.</summary>
    public long MaxBytesInMemory { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long disposing waits for a disk that does not answer. What waits for it then is lost.</summary>
    public TimeSpan CloseWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long acknowledged events may stay in the file; they leave it together with the next stored one. After
    /// a crash they are sent again.</summary>
    public TimeSpan RemoveWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Size of a file that reserves disk space for the deletes that free space on a full disk; 0 does without.</summary>
    public int ReserveBytes { get; init; } = 512 * 1024;

    /// <summary>Caps the file, as a full disk would. For tests.</summary>
    internal long? MostPages { get; init; }
}
