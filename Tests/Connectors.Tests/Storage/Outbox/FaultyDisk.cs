using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>What the disk can do as long as nobody changes it.</summary>
internal enum DiskMode
{
    Fine,

    /// <summary>Every write finds the disk full.</summary>
    Full,

    /// <summary>Every write and every opening is refused; what is open can be read.</summary>
    ReadOnly,

    /// <summary>Nothing works.</summary>
    Dead,
}

/// <summary>The real disk, and between it and the outbox the faults that a test asks for: lasting ones by
/// <see cref="Mode"/>, and one at the n-th operation.</summary>
internal sealed class FaultyDisk(IOutboxFolder disk) : IOutboxFolder
{
    private (int At, bool After, StorageErrorKind Kind)? _once;

    public DiskMode Mode { get; set; }

    /// <summary>Part of the rows that can be read out of a damaged file, from 0 to 1; the newest ones.</summary>
    public double Readable { get; set; } = 1;

    /// <summary>Operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The operation at which <see cref="FailOnce"/> struck; null while it has not.</summary>
    public string? Struck { get; private set; }

    /// <summary>Fails one operation.</summary>
    /// <param name="operations">So many from now succeed before it.</param>
    /// <param name="after">It takes place and is reported to have failed.</param>
    /// <param name="kind">As what it fails.</param>
    public void FailOnce(int operations, bool after, StorageErrorKind kind)
    {
        (_once, Struck) = ((Operations + operations, after, kind), null);
    }

    public IOutboxDatabase Open() => new Database(this, Use(nameof(Open), isWrite: true, disk.Open));

    public string SetAside(DateTimeOffset now, string label) => Use(nameof(SetAside), isWrite: true, () => disk.SetAside(now, label));

    public RescuedEvents Rescue(string? path)
    {
        if (Mode == DiskMode.Dead)
        {
            return RescuedEvents.None;
        }

        var rescued = disk.Rescue(path);
        return Readable >= 1 ? rescued : rescued with
        {
            Rows = [.. rescued.Rows.Skip((int)(rescued.Rows.Count * (1 - Readable)))],
        };
    }

    public void HoldReserve() => disk.HoldReserve();

    public void ReleaseReserve() => disk.ReleaseReserve();

    private T Use<T>(string operation, bool isWrite, Func<T> use)
    {
        Operations++;
        if (Mode == DiskMode.Dead)
        {
            throw new StorageError(StorageErrorKind.Unusable, "the disk reports an input/output error (test)");
        }

        if (isWrite && Mode != DiskMode.Fine)
        {
            throw Mode == DiskMode.Full
                ? new StorageError(StorageErrorKind.Full, "the disk is full")
                : new StorageError(StorageErrorKind.Unusable, "the file, its folder or its disk is read-only");
        }

        if (_once is not var (at, after, kind) || Operations <= at)
        {
            return use();
        }

        (_once, Struck) = (null, operation);
        if (after)
        {
            // What takes place and returns something open would be left open.
            (use() as IDisposable)?.Dispose();
        }

        throw new StorageError(kind, $"{operation} failed {(after ? "afterwards" : "before")} (test)");
    }

    private sealed class Database(FaultyDisk disk, IOutboxDatabase database) : IOutboxDatabase
    {
        public bool LacksTransactions => database.LacksTransactions;

        public void Begin() => Do(nameof(Begin), database.Begin, isWrite: false);

        public void Commit() => Do(nameof(Commit), database.Commit);

        public void Rollback() => database.Rollback();

        public bool Insert(OutboxEvent happened, DateTimeOffset storedAt, string run, long clock) =>
            disk.Use(nameof(Insert), isWrite: true, () => database.Insert(happened, storedAt, run, clock));

        public IReadOnlyList<OutboxKey> Delete(IEnumerable<string> ids) =>
            disk.Use(nameof(Delete), isWrite: true, () => database.Delete(ids));

        public IReadOnlyList<OutboxKey> DeleteOlderThan(DateTimeOffset moment, string exceptId) =>
            disk.Use(nameof(DeleteOlderThan), isWrite: true, () => database.DeleteOlderThan(moment, exceptId));

        public IReadOnlyList<OutboxKey> DeleteOldestOfTheLargestTopic(long most, string exceptId) => disk.Use(
            nameof(DeleteOldestOfTheLargestTopic), isWrite: true, () => database.DeleteOldestOfTheLargestTopic(most, exceptId));

        public Dictionary<string, long> Lost() => disk.Use(nameof(Lost), isWrite: false, database.Lost);

        public void SetLost(string topic, long events) => Do(nameof(SetLost), () => database.SetLost(topic, events));

        public void ShiftClock(string run, TimeSpan by) => Do(nameof(ShiftClock), () => database.ShiftClock(run, by));

        public void SetLastTransaction(string run, long number) => Do(nameof(SetLastTransaction), () => database.SetLastTransaction(run, number));

        public (string Run, long Number)? LastTransaction() => disk.Use(nameof(LastTransaction), isWrite: false, database.LastTransaction);

        public IReadOnlyList<OutboxKey> Keys() => disk.Use(nameof(Keys), isWrite: false, database.Keys);

        public IReadOnlyList<OutboxRow> Newest(int most) => disk.Use(nameof(Newest), isWrite: false, () => database.Newest(most));

        public IReadOnlyList<string> Topics() => disk.Use(nameof(Topics), isWrite: false, database.Topics);

        public OutboxRow? First(string topic, long afterSeq) => disk.Use(nameof(First), isWrite: false, () => database.First(topic, afterSeq));

        public DateTimeOffset? OldestAt() => disk.Use(nameof(OldestAt), isWrite: false, database.OldestAt);

        public OutboxFileState CheckFile() => database.CheckFile();

        public void Checkpoint() => Do(nameof(Checkpoint), database.Checkpoint);

        public void Compact() => Do(nameof(Compact), database.Compact);

        public void Dispose() => database.Dispose();

        private void Do(string operation, Action use, bool isWrite = true) => disk.Use(operation, isWrite, () =>
        {
            use();
            return true;
        });
    }
}
