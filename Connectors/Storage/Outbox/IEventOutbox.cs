namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>Something that happened and must reach the broker.</summary>
/// <param name="Id">Never reused; subscribers drop a second message with the same one. At most 128 characters.</param>
/// <param name="Topic">Where it is published. Events of one topic arrive in the order in which they were stored.</param>
/// <param name="Payload">Its body, as bytes.</param>
public sealed record OutboxEvent(string Id, string Topic, ReadOnlyMemory<byte> Payload);

/// <summary>An event that waits to be sent.</summary>
/// <param name="Event">The event as it was stored.</param>
/// <param name="WaitedFor">Time since it was stored, from a clock that never jumps; null when an earlier run of the process
/// stored it, so that it is certainly late.</param>
/// <param name="LostBefore">Events of its topic that were given up, for lack of space or for their age, after the last one of that topic that
/// was acknowledged. Reported with one event only: when that is acknowledged, the count begins at 0 again.</param>
public sealed record WaitingEvent(OutboxEvent Event, TimeSpan? WaitedFor, long LostBefore);

/// <summary>Result of storing an event.</summary>
public enum StoreOutcome
{
    /// <summary>On disk, as durable as the settings require.</summary>
    Stored,

    /// <summary>The disk takes nothing, so it waits in memory until it does: a crash would lose it.</summary>
    InMemory,

    /// <summary>An event of this id is there already; nothing was done.</summary>
    AlreadyStored,

    /// <summary>The disk hangs and too many events wait for it; this one is given up and counted.</summary>
    Dropped,
}

/// <summary>Events between what happened and the broker's acknowledgement. At least once: after a crash, the last
/// acknowledged ones may be sent again under the same id. Thread-safe.</summary>
public interface IEventOutbox : IAsyncDisposable
{
    OutboxStats Stats { get; }

    /// <summary>Completes once the event is as safe as it gets, in the order of the calls. Never waits for a broker.
    /// Never fails for what a disk can do, and after the outbox was disposed gives <see cref="StoreOutcome.Dropped"/>.</summary>
    /// <returns>A task that fails with <see cref="ArgumentException"/> when the id or topic is empty or too long, or the
    /// payload is larger than the whole outbox may be. Nothing is thrown by the call itself.</returns>
    Task<StoreOutcome> StoreAsync(OutboxEvent happened);

    /// <summary>The oldest event that waits, apart from topics that the caller excludes; null when there is none.
    /// The same one again until it is removed, and it is not given up meanwhile. Null after the outbox was disposed.</summary>
    Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics);

    /// <summary>The broker has acknowledged it. An unknown id is not an error.</summary>
    Task RemoveAsync(string id);
}

/// <summary>What the outbox holds now, and counters since the process started.</summary>
/// <param name="Rows">Events that wait.</param>
/// <param name="Bytes">Their size, payloads and topics.</param>
/// <param name="OldestAt">Wall clock when the oldest of them was stored; null when none waits.</param>
/// <param name="InMemory">Those of them that no disk has taken yet.</param>
/// <param name="Stored">Events taken in.</param>
/// <param name="Removed">Events acknowledged.</param>
/// <param name="DroppedForSpace">Events dropped because the outbox or the disk was full, or the file was damaged.</param>
/// <param name="DroppedForAge">Events given up because they had waited too long.</param>
/// <param name="Damaged">Times that a damaged database was set aside and a new one begun.</param>
public sealed record OutboxStats(
    long Rows,
    long Bytes,
    DateTimeOffset? OldestAt,
    long InMemory,
    long Stored,
    long Removed,
    long DroppedForSpace,
    long DroppedForAge,
    long Damaged)
{
    /// <summary>The place in which new events are kept now.</summary>
    public StorageCondition Storage { get; init; } = StorageCondition.OnDisk;
}
