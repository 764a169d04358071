namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>The history cannot be read or changed now: its disk does not answer or cannot be used.</summary>
/// <param name="message">Why, for people, without a full stop.</param>
/// <param name="cause">What happened; null for a disk that does not answer.</param>
public sealed class HistoryUnavailableException(string message, Exception? cause = null) : IOException(message, cause);

/// <summary>Stored answers, events and snapshots. Thread-safe.</summary>
/// <remarks>Each task fails with <see cref="HistoryUnavailableException"/> while the disk cannot be used.</remarks>
public interface IHistory : IAsyncDisposable
{
    /// <summary>Counts and condition.</summary>
    HistoryStats Stats { get; }

    /// <summary>Stores a frame. Returns at once and throws nothing: what cannot be stored is dropped and counted.</summary>
    void Record(HistoryFrame frame);

    /// <summary>The answers, states and gaps of one question.</summary>
    Task<HistoryTimeline> TimelineAsync(TimelineQuery query, CancellationToken cancel);

    /// <summary>Single answers of one question in the order of their time.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="from">The first moment.</param>
    /// <param name="to">The moment at which it ends.</param>
    /// <param name="limit">Most answers.</param>
    /// <param name="cancel">Gives up.</param>
    Task<IReadOnlyList<StoredAnswer>> AnswersAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel);

    /// <summary>Events, newest first.</summary>
    Task<EventPage> EventsAsync(EventQuery query, CancellationToken cancel);

    /// <summary>One event; null for an unknown one.</summary>
    Task<StoredEvent?> EventAsync(Guid id, CancellationToken cancel);

    /// <summary>Snapshots of a camera with the answers to one question, newest first.</summary>
    Task<IReadOnlyList<ScoredSnapshot>> SnapshotsAsync(SnapshotQuery query, CancellationToken cancel);

    /// <summary>A snapshot as JPEG; null for an unknown one.</summary>
    Task<byte[]?> SnapshotAsync(long id, CancellationToken cancel);

    /// <summary>Makes room for the clip of a frame, which the caller writes.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="at">When the frame was taken.</param>
    /// <param name="frame">Its sequence number.</param>
    /// <param name="bytes">Most bytes of the file.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The path at which to write it, before <see cref="EndClipAsync"/>; null if no event of this frame is stored, or its clip is.</returns>
    Task<string?> BeginClipAsync(string camera, DateTimeOffset at, long frame, long bytes, CancellationToken cancel);

    /// <summary>Adds the clip that was written, or forgets it and deletes what was written of it.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="at">When the frame was taken.</param>
    /// <param name="frame">Its sequence number.</param>
    /// <param name="isWritten">The file is whole.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <returns>Whether it is stored.</returns>
    Task<bool> EndClipAsync(string camera, DateTimeOffset at, long frame, bool isWritten, CancellationToken cancel);

    /// <summary>The clip of an event.</summary>
    Task<StoredClip> ClipAsync(Guid id, CancellationToken cancel);

    /// <summary>The stored snapshots of a camera in the order of their time, with what is known of one question.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="from">The first moment.</param>
    /// <param name="to">The moment at which it ends.</param>
    /// <param name="limit">Most snapshots.</param>
    /// <param name="cancel">Gives up.</param>
    Task<IReadOnlyList<StoredFrame>> FramesAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel);

    /// <summary>Protects an event, its snapshot and its clip from the limits, or ends that.</summary>
    /// <returns>False for an unknown event.</returns>
    Task<bool> KeepAsync(Guid id, bool keep, CancellationToken cancel);

    /// <summary>Deletes an event, its snapshot, its clip and the answer that caused it. A snapshot or a clip that another event shows
    /// stays.</summary>
    /// <returns>False for an unknown event.</returns>
    Task<bool> DeleteAsync(Guid id, CancellationToken cancel);

    /// <summary>Deletes everything of a camera in a time: answers, states, events, also those that are kept, snapshots and clips.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="from">The first moment.</param>
    /// <param name="to">The moment at which it ends.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>How many answers, events and snapshots were deleted.</returns>
    Task<(long Answers, long Events, long Snapshots)> DeleteAsync(string camera, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel);
}

/// <summary>What the history holds now, and counters since the process started.</summary>
/// <param name="Rows">Stored answers, and minutes of older ones.</param>
/// <param name="Events">Stored events.</param>
/// <param name="Snapshots">Stored snapshots.</param>
/// <param name="Bytes">Size of all files, rounded up to blocks.</param>
/// <param name="OldestAt">Time of the oldest answer; null while there is none.</param>
/// <param name="Stored">Answers that were stored.</param>
/// <param name="Dropped">Answers that were not stored, because the disk could not be used or was too slow.</param>
/// <param name="Undated">Answers that were not stored, because the clock of the machine was not set.</param>
/// <param name="SnapshotsDropped">Snapshots that were not stored although their answers were.</param>
/// <param name="Damaged">Times that a damaged database was set aside and a new one begun.</param>
public sealed record HistoryStats(
    long Rows,
    long Events,
    long Snapshots,
    long Bytes,
    DateTimeOffset? OldestAt,
    long Stored,
    long Dropped,
    long Undated,
    long SnapshotsDropped,
    long Damaged)
{
    /// <summary>Stored clips.</summary>
    public long Clips { get; init; }

    /// <summary>Clips that were not stored although they had been announced.</summary>
    public long ClipsDropped { get; init; }

    /// <summary>Whether the disk takes what is recorded.</summary>
    public StorageCondition Storage { get; init; } = StorageCondition.OnDisk;
}
