namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <content>Opening, replacing and abandoning a file.</content>
internal sealed partial class OutboxStore
{
    /// <summary>Topics of which events were acknowledged or are being sent while the file could not be read: older ones in it would
    /// arrive out of order.</summary>
    private readonly HashSet<string> _topicsSentWhileClosed = new(StringComparer.Ordinal);

    /// <summary>A file of this store was open or read once: its counts of lost events are known.</summary>
    private bool _hasRead;

    /// <summary>True when the readable rows of a file that could not be renamed are in memory already. Its other rows are ignored,
    /// because the file is damaged or is older than its removed log.</summary>
    private bool _hasTakenOver;

    /// <summary>True when a file that cannot be opened was read once already.</summary>
    private bool _hasLoadedUnopenable;

    private long? _begunAnewAt;
    private bool _reportedFull;

    /// <returns>Whether a database is open.</returns>
    private bool TryOpen() => TryOpen(attempts: 2);

    private bool TryOpen(int attempts)
    {
        IOutboxDatabase? database = null;
        try
        {
            database = _folder.Open();
            Reconcile(database);
            return true;
        }
        catch (StorageError fault)
        {
            database?.Dispose();
            return TryAfterFailure(fault, attempts - 1);
        }
    }

    private bool TryAfterFailure(StorageError fault, int attempts)
    {
        if (fault.Kind is StorageErrorKind.Damaged or StorageErrorKind.Newer)
        {
            return ReplaceFile(fault) && attempts > 0 && TryOpen(attempts);
        }

        if (fault.Kind == StorageErrorKind.Full && attempts > 0)
        {
            _folder.ReleaseReserve();
            return TryOpen(attempts);
        }

        Report(fault);
        if (!_hasRead && !_hasLoadedUnopenable && fault.Kind != StorageErrorKind.Foreign)
        {
            _hasLoadedUnopenable = true;
            LoadFromUnopenableFile(_folder.Rescue(null));
        }

        return false;
    }

    /// <summary>Compares the file with what is in memory: which events it has, which of them are done, which are missing, and
    /// which would come too late.</summary>
    private void Reconcile(IOutboxDatabase database)
    {
        ResolveUncertainCommit(database);
        var (lost, keys) = (database.Lost(), database.Keys());
        var newest = new List<OutboxRow>();
        if (!_memory.Entries.Any(entry => entry.MayBeOnDisk))
        {
            newest.AddRange(database.Newest(_settings.MaxInMemory));
        }

        // From here on nothing fails.
        MarkInFlight();
        var (onDiskOnly, late) = (new Dictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal));
        foreach (var (id, topic, _) in keys.Where(key => !_acknowledged.ContainsKey(key.Id) && !_givenUp.Contains(key.Id)))
        {
            if (_memory.Find(id) is { } entry)
            {
                entry.IsOnDisk = true;
            }
            else if (_hasTakenOver)
            {
                // Counted as lost when the file could not be read, and now it can.
                _givenUp.Add(id);
            }
            else
            {
                var found = _topicsSentWhileClosed.Contains(topic) && id != _lost.InFlightId ? late : onDiskOnly;
                found[topic] = found.GetValueOrDefault(topic) + 1;
                if (found == late)
                {
                    _givenUp.Add(id);
                }
            }
        }

        foreach (var (topic, expected) in _onDiskOnly)
        {
            var missing = expected - onDiskOnly.GetValueOrDefault(topic) - late.GetValueOrDefault(topic);
            late[topic] = late.GetValueOrDefault(topic) + Math.Max(0, missing);
        }

        _onDiskOnly.Clear();
        foreach (var (topic, rows) in onDiskOnly)
        {
            _onDiskOnly[topic] = rows;
        }

        foreach (var entry in _memory.Entries)
        {
            entry.MayBeOnDisk = false;
        }

        foreach (var id in _acknowledged.Keys.Except(keys.Select(key => key.Id)).ToList())
        {
            _acknowledged.Remove(id);
            _removed++;
        }

        (_rows, _bytes) = (keys.Count, keys.Sum(key => key.Bytes));
        _examinedUpTo.Clear();
        _topicsSentWhileClosed.Clear();
        if (_hasRead)
        {
            _lost.WriteAgain();
        }
        else
        {
            _lost.Restore(lost);
        }

        (_hasRead, _hasTakenOver, _database) = (true, false, database);
        if (database.LacksTransactions)
        {
            _damaged++;
            LogLogDamaged(_settings.Path);
        }

        CountLost(late);
        LoadCopies(newest);
    }

    /// <summary>Marks an event that is sent from memory, because it overtakes older events in a file that was closed.</summary>
    private void MarkInFlight()
    {
        if (_database is null && _lost.InFlightTopic is { } sending && _memory.Find(_lost.InFlightId) is not null)
        {
            _topicsSentWhileClosed.Add(sending);
        }
    }

    private void LoadCopies(List<OutboxRow> newest)
    {
        var copies = newest.Where(row => !_acknowledged.ContainsKey(row.Event.Id) && !_givenUp.Contains(row.Event.Id)
            && _memory.Find(row.Event.Id) is null).ToList();
        _memory.Prepend(copies.Select(row => new OutboxEntry(ToTimedEvent(row), row.StoredAt) { IsOnDisk = true }));
        foreach (var row in copies)
        {
            AddOnDiskOnly(row.Event.Topic, -1);
        }
    }

    /// <summary>Damage: the file is renamed and a new one begun. What can be read of the old one is taken over, and the rest
    /// is counted as lost.</summary>
    /// <returns>Whether trying again is worth it.</returns>
    private bool ReplaceFile(StorageError damage)
    {
        if (_begunAnewAt is { } last && _time.GetElapsedTime(last) < FirstRetry)
        {
            // A disk that damages what was written a moment ago is left alone for a while.
            CloseDatabase();
            Report(damage);
            return false;
        }

        var (label, aside, hindrance) = (damage.Kind == StorageErrorKind.Newer ? "newer" : "damaged", (string?)null, (StorageError?)null);
        try
        {
            aside = _folder.SetAside(_time.GetUtcNow(), label);
        }
        catch (StorageError fault)
        {
            hindrance = fault;
        }

        if (!_hasTakenOver)
        {
            TakeOver(_folder.Rescue(aside), damage.Message, aside);
        }

        CloseDatabase();
        _hasTakenOver = hindrance is not null;
        if (hindrance is null)
        {
            _begunAnewAt = _time.GetTimestamp();
            return true;
        }

        Report(new StorageError(hindrance.Kind, $"{damage.Message}; and it cannot be renamed: {hindrance.Message}"));
        return false;
    }

    private void TakeOver(RescuedEvents rescued, string damage, string? aside)
    {
        ForgetAcknowledgedRows();
        MarkInFlight();
        if (_inFlightRow is { } handed && rescued.Rows.All(row => row.Event.Id != handed.Event.Id))
        {
            // It is in flight to the broker, so it is not lost, even if its row is.
            rescued = rescued with { Rows = [handed, .. rescued.Rows] };
        }

        // Rows that were deleted or are too many may appear again in a damaged file; what memory knows is right.
        var rows = rescued.Rows.Where(row => !_acknowledged.ContainsKey(row.Event.Id) && !_givenUp.Contains(row.Event.Id)
            && (!_topicsSentWhileClosed.Contains(row.Event.Topic) || row.Event.Id == _lost.InFlightId) && _memory.Find(row.Event.Id) is null).DistinctBy(row => row.Event.Id).ToList();
        var found = rows.CountBy(row => row.Event.Topic, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var lost = (_hasRead ? _onDiskOnly : rescued.Counts).ToDictionary(
            expected => expected.Key, expected => Math.Max(0, expected.Value - found.GetValueOrDefault(expected.Key)));
        if (!_hasRead)
        {
            _lost.Restore(rescued.Lost);
        }

        _memory.Prepend(rows.Select(row => new OutboxEntry(ToTimedEvent(row), row.StoredAt)));
        _onDiskOnly.Clear();
        _hasRead = true;
        _damaged++;
        LogDamaged(_settings.Path, damage, aside ?? "it cannot be renamed and stays", rows.Count, lost.Values.Sum());
        CountLost(lost);
    }

    /// <summary>The file cannot be opened, but it can be read: the newest events in it are sent from memory meanwhile, and
    /// stay in it until it can be written.</summary>
    private void LoadFromUnopenableFile(RescuedEvents rescued)
    {
        _hasRead = rescued.Rows.Count > 0 || rescued.Lost.Count > 0;
        _lost.Restore(rescued.Lost);
        var rows = rescued.Rows.DistinctBy(row => row.Event.Id).ToList();
        var first = Math.Max(0, rows.Count - _settings.MaxInMemory);
        foreach (var row in rows.Take(first))
        {
            AddOnDiskOnly(row.Event.Topic, 1);
        }

        _memory.Prepend(rows.Skip(first).Where(row => _memory.Find(row.Event.Id) is null)
            .Select(row => new OutboxEntry(ToTimedEvent(row), row.StoredAt) { MayBeOnDisk = true }));
    }

    /// <summary>Detects that the file, or its log, was removed while the service runs.</summary>
    /// <returns>Whether a database is open.</returns>
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(_database))]
    private bool CheckFileInPlace()
    {
        var place = _database!.CheckFile();
        if (place == OutboxFileState.Same)
        {
            return true;
        }

        LogRemoved(_settings.Path);

        // Without its log, the file contains rows that were deleted later.
        _hasTakenOver = place == OutboxFileState.LogRemoved && !TryCompact(_database);
        if (_hasTakenOver || place != OutboxFileState.LogRemoved)
        {
            // What was removed can be read as long as it is open.
            var rows = _database.Newest(int.MaxValue).Where(row => !_acknowledged.ContainsKey(row.Event.Id)
                && !_givenUp.Contains(row.Event.Id) && _memory.Find(row.Event.Id) is null).ToList();
            _memory.Prepend(rows.Select(row => new OutboxEntry(ToTimedEvent(row), row.StoredAt)));
            _onDiskOnly.Clear();
        }

        CloseDatabase();
        return TryOpen();
    }

    /// <returns>Whether the file holds all that its log did.</returns>
    private bool TryCompact(IOutboxDatabase database)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                database.Compact();
                return true;
            }
            catch (StorageError fault)
            {
                if (fault.Kind != StorageErrorKind.Full || attempt > 0)
                {
                    LogNotCompacted(fault.Message);
                    return false;
                }

                _folder.ReleaseReserve();
            }
        }
    }

    /// <summary>Closes the database. Events that were in memory too are then in memory only; the others are expected in the
    /// file.</summary>
    private void CloseDatabase()
    {
        if (_database is not { } database)
        {
            return;
        }

        _database = null;
        database.Dispose();
        foreach (var entry in _memory.Entries.Where(entry => entry.IsOnDisk))
        {
            (entry.IsOnDisk, entry.MayBeOnDisk) = (false, true);
        }

        foreach (var entry in _uncertain?.Inserted ?? [])
        {
            entry.MayBeOnDisk = true;
        }

        ForgetAcknowledgedRows();
    }

    /// <summary>Rows that are done are not expected in the file.</summary>
    private void ForgetAcknowledgedRows()
    {
        foreach (var (id, acknowledged) in _acknowledged.Where(it => it.Value is { IsOnDiskOnly: true, Topic: not null }).ToList())
        {
            AddOnDiskOnly(acknowledged.Topic!, -1);
            _acknowledged[id] = acknowledged with { IsOnDiskOnly = false };
        }
    }

    private void CountLost(Dictionary<string, long> lost)
    {
        foreach (var (topic, events) in lost.Where(it => it.Value > 0))
        {
            _lost.Add(topic, events);
        }

        DroppedForSpace(lost.Values.Sum(), "because they could not be read or would have come out of order");
    }

    private static TimedEvent ToTimedEvent(OutboxRow row) => new(row.Event, row.Run, row.Timestamp);
}
