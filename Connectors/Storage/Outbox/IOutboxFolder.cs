namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>A row that waits.</summary>
/// <param name="Seq">Grows with each stored event and is never used again.</param>
/// <param name="Event">The event.</param>
/// <param name="Run">Which run of the process stored it.</param>
/// <param name="Timestamp">That run's monotonic clock.</param>
/// <param name="StoredAt">Wall clock when it was stored.</param>
internal sealed record OutboxRow(long Seq, OutboxEvent Event, string Run, long Timestamp, DateTimeOffset StoredAt);

/// <summary>A row without its payload.</summary>
internal readonly record struct OutboxKey(string Id, string Topic, long Bytes);

/// <summary>Whether the file at the path is the one that is open.</summary>
internal enum OutboxFileState
{
    Same,

    /// <summary>The write-ahead log beside it was removed: later writes would not survive the process.</summary>
    LogRemoved,

    /// <summary>The file was removed or another one put in its place.</summary>
    Removed,
}

/// <summary>Content that could be read out of a file that cannot be used any more.</summary>
/// <param name="Rows">The rows in order; damaged ones are missing.</param>
/// <param name="Counts">Rows of each topic according to the index, which may have survived where the rows did not.</param>
/// <param name="Lost">Events of each topic that were lost earlier.</param>
internal sealed record RescuedEvents(
    IReadOnlyList<OutboxRow> Rows, IReadOnlyDictionary<string, long> Counts, IReadOnlyDictionary<string, long> Lost)
{
    public static RescuedEvents None { get; } = new([], new Dictionary<string, long>(), new Dictionary<string, long>());
}

/// <summary>The folder in which the outbox's files are. Every method throws <see cref="StorageError"/> and nothing else. One
/// thread at a time.</summary>
internal interface IOutboxFolder
{
    /// <summary>Opens or creates the database and checks it for damage.</summary>
    IOutboxDatabase Open();

    /// <summary>Renames the database and what belongs to it.</summary>
    /// <param name="now">Becomes part of the new name.</param>
    /// <param name="label">Why, as part of the new name: <c>damaged</c> or <c>newer</c>.</param>
    /// <returns>The new path.</returns>
    string SetAside(DateTimeOffset now, string label);

    /// <summary>Reads what can be read out of a file without changing it. Never throws.</summary>
    /// <param name="path">Null reads the outbox at its usual path.</param>
    RescuedEvents Rescue(string? path);

    /// <summary>Makes the file that reserves space, if it is not there. Never throws.</summary>
    void HoldReserve();

    /// <summary>Gives that space back to the disk. Never throws.</summary>
    void ReleaseReserve();
}

/// <summary>The open database. Every method but <see cref="IDisposable.Dispose"/>, which throws nothing, throws
/// <see cref="StorageError"/> and nothing else. One thread at a time.</summary>
internal interface IOutboxDatabase : IDisposable
{
    /// <summary>Whether transactions were missing from the end of its log when it was opened.</summary>
    bool LacksTransactions { get; }

    void Begin();

    void Commit();

    /// <summary>Gives up what was begun, if anything was.</summary>
    void Rollback();

    /// <returns>False when the id is there already.</returns>
    bool Insert(OutboxEvent happened, DateTimeOffset storedAt, string run, long timestamp);

    IReadOnlyList<OutboxKey> Delete(IEnumerable<string> ids);

    IReadOnlyList<OutboxKey> DeleteOlderThan(DateTimeOffset moment, string exceptId);

    /// <summary>Deletes the oldest events of the topic that takes most space, so that a camera with very many events does not
    /// push out the only alarm of another.</summary>
    IReadOnlyList<OutboxKey> DeleteOldestOfTheLargestTopic(long most, string exceptId);

    /// <summary>Events that each topic has lost and whose subscribers have not been informed.</summary>
    Dictionary<string, long> Lost();

    void SetLost(string topic, long events);

    /// <summary>Adjusts what this run has stored after the wall clock was set.</summary>
    void ShiftClock(string run, TimeSpan by);

    /// <summary>Names the transaction, so that after a commit that failed it can be read whether it took place.</summary>
    void SetLastTransaction(string run, long number);

    /// <returns>The last transaction that took place; null when no run has named one.</returns>
    (string Run, long Number)? LastTransaction();

    /// <summary>All rows, in order.</summary>
    IReadOnlyList<OutboxKey> Keys();

    /// <summary>The newest rows, in order.</summary>
    IReadOnlyList<OutboxRow> Newest(int most);

    /// <summary>The topics that have rows.</summary>
    IReadOnlyList<string> Topics();

    /// <summary>The oldest row of a topic behind this one.</summary>
    OutboxRow? First(string topic, long afterSeq);

    DateTimeOffset? OldestAt();

    OutboxFileState CheckFile();

    /// <summary>Moves what the log holds into the file, so that the log begins again in the space that it has.</summary>
    void Checkpoint();

    /// <summary>Gives free pages back to the disk and empties the log.</summary>
    void Compact();
}
