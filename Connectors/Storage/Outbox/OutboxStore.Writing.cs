
namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <content>One write, and the ways on when it fails.</content>
internal sealed partial class OutboxStore
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);

    /// <summary>Failed writes in a row after which a connection that can only read is given up for a new one.</summary>
    private const int WritesBeforeReopening = 3;

    /// <summary>Ids that the last write found in the file already.</summary>
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private WallClock _wall;
    private string? _fault;
    private OutboxChange? _uncertain;
    private TimeSpan _retryAfter;
    private long _failedAt;
    private long _transactions;
    private int _failedWrites;

    // Space is freed once on a full disk, and a damaged file is replaced once; what fails after that waits in memory.
    private void WriteOrKeep(bool isLast)
    {
        _known.Clear();

        // A disk that took nothing is not asked again at each event.
        if (_fault is null || isLast || _time.GetElapsedTime(_failedAt) >= _retryAfter)
        {
            for (var attempt = 0; attempt < 3; attempt++)
            {
                if (TryWrite(out var again))
                {
                    EnforceMemoryLimits();
                    return;
                }

                if (!again)
                {
                    break;
                }
            }

            _failedAt = _time.GetTimestamp();
            _retryAfter = TimeSpan.FromTicks(Math.Clamp(_retryAfter.Ticks * 2, FirstRetry.Ticks, LongestRetry.Ticks));
        }

        SweepMemory();
        EnforceMemoryLimits();
    }

    private bool TryWrite(out bool again)
    {
        again = false;
        if (_database is null && !TryOpen())
        {
            return false;
        }

        try
        {
            if (!CheckFileInPlace())
            {
                return false;
            }

            WriteOnce(_database);
            Recovered();
            return true;
        }
        catch (StorageError fault)
        {
            if (RollBack())
            {
                // The commit took place although it was reported to have failed.
                Recovered();
                return true;
            }

            again = Failed(fault);
            return false;
        }
    }

    private void WriteOnce(IOutboxDatabase database)
    {
        var change = new OutboxChange(++_transactions, WallClock.Read(_time)) { Sweeps = IsTimeToSweep };
        change.ToDelete.AddRange(_acknowledged.Keys);
        change.ToDelete.AddRange(_givenUp);
        database.Begin();
        if (_wall.JumpTo(change.Clock, _time) is { } jump)
        {
            database.ShiftClock(Run, jump);
        }

        change.Removed.AddRange(database.Delete(change.ToDelete));
        if (change.Sweeps)
        {
            change.TooOld.AddRange(database.DeleteOlderThan(change.Clock.Wall - _settings.MaxAge, _lost.InFlightId));
        }

        foreach (var entry in _memory.NotOnDisk)
        {
            var isNew = database.Insert(
                entry.Event, StoredAt(entry, change.Clock.Wall), entry.TimedEvent.Run, entry.TimedEvent.Timestamp);
            (isNew ? change.Inserted : change.Known).Add(entry);
        }

        var (rows, bytes) = (_rows + change.RowDeltaBeforeFreeing, _bytes + change.ByteDeltaBeforeFreeing);
        while (rows > _settings.MaxRows || bytes > _settings.MaxBytes)
        {
            // A hundredth at once, so that a full outbox does not search for its largest topic at each event.
            var gone = database.DeleteOldestOfTheLargestTopic(Math.Max(1, rows / 100), _lost.InFlightId);
            if (gone.Count == 0)
            {
                break;
            }

            change.ForSpace.AddRange(gone);
            (rows, bytes) = (rows - gone.Count, bytes - gone.Sum(it => it.Bytes));
        }

        Commit(database, change);
    }

    /// <summary>Commits a change and the counts of lost events in one transaction, so that a crash leaves neither without the other.</summary>
    private void Commit(IOutboxDatabase database, OutboxChange change)
    {
        foreach (var (topic, events) in _lost.Unwritten(OutboxChange.Count(change.DeletedByLimits.Where(IsLost))))
        {
            database.SetLost(topic, events);
        }

        database.SetLastTransaction(Run, change.Number);
        _uncertain = change;
        database.Commit();
        _uncertain = null;
        Apply(change);
    }

    /// <summary>Takes over what a transaction has done, once it is certain that it took place.</summary>
    private void Apply(OutboxChange change)
    {
        (_rows, _bytes, _wall) = (_rows + change.RowDelta, _bytes + change.ByteDelta, change.Clock);
        foreach (var entry in change.Inserted)
        {
            (entry.IsOnDisk, entry.MayBeOnDisk) = (true, false);
        }

        foreach (var entry in change.Known)
        {
            _known.Add(entry.Event.Id);
            _memory.Remove(entry.Event.Id);
        }

        var (old, forSpace) = (change.TooOld.FindAll(IsLost), change.ForSpace.FindAll(IsLost));
        foreach (var gone in old.Concat(forSpace).Where(gone => !_memory.Remove(gone.Id)))
        {
            AddOnDiskOnly(gone.Topic, -1);
        }

        foreach (var (id, topic, _) in change.DeletedByLimits)
        {
            if (_acknowledged.TryGetValue(id, out var acknowledged) && acknowledged.IsOnDiskOnly)
            {
                AddOnDiskOnly(topic, -1);
                _acknowledged[id] = acknowledged with { IsOnDiskOnly = false };
            }
        }

        foreach (var gone in change.Removed)
        {
            if (_acknowledged.TryGetValue(gone.Id, out var acknowledged))
            {
                _removed++;
                AddOnDiskOnly(gone.Topic, acknowledged.IsOnDiskOnly ? -1 : 0);
            }
        }

        foreach (var id in change.ToDelete)
        {
            _acknowledged.Remove(id);
            _givenUp.Remove(id);
        }

        _lost.Written(OutboxChange.Count(old.Concat(forSpace)));
        DroppedForSpace(forSpace.Count);
        DroppedForAge(old.Count);
        _sweptAt = change.Sweeps ? _time.GetTimestamp() : _sweptAt;
    }

    // Not acknowledged while the file contains it (for example because the outcome of a transaction was not known), and not counted before.
    private bool IsLost(OutboxKey gone) => !_acknowledged.ContainsKey(gone.Id) && !_givenUp.Contains(gone.Id);

    /// <returns>Whether the failed transaction took place nevertheless.</returns>
    private bool RollBack()
    {
        try
        {
            _database?.Rollback();
            return _database is { } database && ResolveUncertainCommit(database);
        }
        catch (StorageError fault)
        {
            Report(fault);
            CloseDatabase();
            return false;
        }
    }

    /// <summary>Learns what became of a transaction whose commit failed.</summary>
    /// <returns>Whether it took place.</returns>
    private bool ResolveUncertainCommit(IOutboxDatabase database)
    {
        if (_uncertain is not { } change)
        {
            return false;
        }

        var tookPlace = database.LastTransaction() is { } mark && mark.Run == Run && mark.Number == change.Number;
        _uncertain = null;
        if (tookPlace)
        {
            Apply(change);
        }

        return tookPlace;
    }

    /// <returns>Whether trying again at once is worth it.</returns>
    private bool Failed(StorageError fault)
    {
        switch (fault.Kind)
        {
            case StorageErrorKind.Damaged or StorageErrorKind.Newer:
                return ReplaceFile(fault);
            case StorageErrorKind.Full:
                Report(fault);
                return _database is { } full && FreeSpace(full);
            case StorageErrorKind.Unusable or StorageErrorKind.Foreign:
                Report(fault);

                // A file that can be read delivers its events, unless all of them are in memory too.
                var giveUp = ++_failedWrites >= WritesBeforeReopening && _onDiskOnly.Count == 0;
                if (fault.NeedsReopening || giveUp || !CanRead())
                {
                    CloseDatabase();
                }

                return false;
            default:
                throw new InvalidOperationException($"The error {fault.Kind} is not known.");
        }
    }

    private bool CanRead()
    {
        try
        {
            return _database?.Topics() is not null;
        }
        catch (StorageError fault)
        {
            Report(fault);
            return false;
        }
    }

    private bool FreeSpace(IOutboxDatabase database)
    {
        // The order matters: what the log holds goes into the file while there is space for that, then rows go, which frees
        // pages inside the file, then the log begins again.
        _folder.ReleaseReserve();
        TryCheckpoint(database);
        try
        {
            var change = new OutboxChange(++_transactions, _wall);
            database.Begin();
            change.ForSpace.AddRange(database.DeleteOldestOfTheLargestTopic(Math.Max(1, _rows / 10), _lost.InFlightId));
            Commit(database, change);
            TryCheckpoint(database);
            return true;
        }
        catch (StorageError fault)
        {
            if (!_reportedFull)
            {
                _reportedFull = true;
                LogNoSpace(_settings.Path, fault.Message);
            }

            return RollBack();
        }
    }

    private void TryCheckpoint(IOutboxDatabase database)
    {
        try
        {
            database.Checkpoint();
        }
        catch (StorageError fault)
        {
            LogNoCheckpoint(fault.Message);
        }
    }

    private void Recovered()
    {
        (_failedWrites, _retryAfter, _reportedFull) = (0, TimeSpan.Zero, false);
        if (_fault is not null)
        {
            _fault = null;
            LogRecovered(_settings.Path);
        }

        _folder.HoldReserve();
    }

    /// <summary>Logs each reason once, until writing works again.</summary>
    private void Report(StorageError fault)
    {
        if (_fault != fault.Message)
        {
            _fault = fault.Message;
            LogDisk(_settings.Path, fault.Message);
        }
    }

    /// <summary>Keeps memory within its limits: copies of what is on disk go first, then events by the same rule as on
    /// disk.</summary>
    private void EnforceMemoryLimits()
    {
        var most = Math.Min(_settings.MaxInMemory, _settings.MaxRows);
        var mostBytes = Math.Min(_settings.MaxBytesInMemory, _settings.MaxBytes);
        while (IsTooMuch() && _memory.Entries.First() is { IsOnDisk: true } copy)
        {
            if (copy.Event.Id == _lost.InFlightId)
            {
                var (sent, run, timestamp) = copy.TimedEvent;
                _inFlightRow = new OutboxRow(0, sent, run, timestamp, StoredAt(copy, _time.GetUtcNow()));
            }

            _memory.Remove(copy.Event.Id);
            AddOnDiskOnly(copy.Event.Topic, 1);
        }

        var dropped = 0;
        while (IsTooMuch() && _memory.OldestOfTheLargestTopic(_lost.InFlightId) is { } oldest)
        {
            GiveUp(oldest);
            dropped++;
        }

        DroppedForSpace(dropped);

        bool IsTooMuch() => _memory.Count > most || (_memory.Bytes > mostBytes && _memory.Count > 1);
    }

    /// <summary>Age, for what no database has.</summary>
    private void SweepMemory()
    {
        if (!IsTimeToSweep)
        {
            return;
        }

        _sweptAt = _time.GetTimestamp();
        var now = _time.GetUtcNow();
        var old = _memory.NotOnDisk.Where(entry => now - StoredAt(entry, now) > _settings.MaxAge
            && (entry.StoredAt is null || entry.StoredAt >= PlausibleTime.Earliest) && entry.Event.Id != _lost.InFlightId).ToList();
        old.ForEach(GiveUp);
        DroppedForAge(old.Count);
    }

    private void GiveUp(OutboxEntry entry)
    {
        _memory.Remove(entry.Event.Id);
        _lost.Add(entry.Event.Topic, 1);
        if (entry.MayBeOnDisk)
        {
            _givenUp.Add(entry.Event.Id);
        }
    }

    /// <summary>The changes of one transaction.</summary>
    /// <param name="number">Number of the transaction in this run.</param>
    /// <param name="clock">When it began.</param>
    private sealed class OutboxChange(long number, WallClock clock)
    {
        public long Number => number;

        public WallClock Clock => clock;

        public bool Sweeps { get; init; }

        /// <summary>Ids that are to be deleted, whether the file has them or not.</summary>
        public List<string> ToDelete { get; } = [];

        public List<OutboxKey> Removed { get; } = [];

        public List<OutboxKey> TooOld { get; } = [];

        public List<OutboxKey> ForSpace { get; } = [];

        public List<OutboxEntry> Inserted { get; } = [];

        /// <summary>The file has them already.</summary>
        public List<OutboxEntry> Known { get; } = [];

        public IEnumerable<OutboxKey> DeletedByLimits => TooOld.Concat(ForSpace);

        public long RowDeltaBeforeFreeing => Inserted.Count - Removed.Count - TooOld.Count;

        public long ByteDeltaBeforeFreeing => Inserted.Sum(entry => entry.Bytes) - Removed.Sum(gone => gone.Bytes) - TooOld.Sum(gone => gone.Bytes);

        public long RowDelta => RowDeltaBeforeFreeing - ForSpace.Count;

        public long ByteDelta => ByteDeltaBeforeFreeing - ForSpace.Sum(gone => gone.Bytes);

        public static Dictionary<string, long> Count(IEnumerable<OutboxKey> gone) => gone
            .GroupBy(it => it.Topic, StringComparer.Ordinal)
            .ToDictionary(it => it.Key, it => it.LongCount(), StringComparer.Ordinal);
    }
}
