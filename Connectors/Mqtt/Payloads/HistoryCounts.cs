namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>What the history on disk holds, and what it could not store since the process started.</summary>
public sealed record HistoryCounts
{
    /// <summary><c>disk</c>; <c>paused</c> while the disk cannot be used; <c>hanging</c> while it does not answer.</summary>
    public required string Storage { get; init; }

    /// <summary>The error of the disk; null while there is none.</summary>
    public string? Reason { get; init; }

    /// <summary>Stored answers, and minutes of older ones.</summary>
    [Gauge("mobilevlm.history.rows", "Answers in the history, and minutes of older ones.")]
    public long Rows { get; init; }

    /// <summary>Stored events.</summary>
    [Gauge("mobilevlm.history.events", "Events in the history.")]
    public long Events { get; init; }

    /// <summary>Stored snapshots.</summary>
    [Gauge("mobilevlm.history.snapshots", "Snapshots in the history.")]
    public long Snapshots { get; init; }

    /// <summary>Stored clips.</summary>
    [Gauge("mobilevlm.history.clips", "Clips in the history.")]
    public long Clips { get; init; }

    /// <summary>Size of all files, in bytes.</summary>
    [Gauge("mobilevlm.history.size", "Size of the history's files.", Unit = "By")]
    public long Bytes { get; init; }

    /// <summary>Time of the oldest answer; null while there is none.</summary>
    public DateTimeOffset? OldestAt { get; init; }

    /// <summary>Answers that were stored.</summary>
    [Counter("mobilevlm.history.stored", "Answers that were stored in the history.")]
    public long Stored { get; init; }

    /// <summary>Answers that were not stored, because the disk could not be used or was too slow.</summary>
    [Counter("mobilevlm.history.dropped", "Answers that the history could not store.")]
    public long Dropped { get; init; }

    /// <summary>Answers that were not stored, because the clock of the machine was not set.</summary>
    public long Undated { get; init; }

    /// <summary>Snapshots that were not stored although their answers were.</summary>
    public long SnapshotsDropped { get; init; }

    /// <summary>Clips that were not stored although they had been announced.</summary>
    public long ClipsDropped { get; init; }

    /// <summary>How often a damaged database was replaced.</summary>
    public long Damaged { get; init; }
}
