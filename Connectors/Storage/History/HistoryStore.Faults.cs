namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Opening, and the ways on when the disk fails.</content>
internal sealed partial class HistoryStore
{
    /// <summary>Opens the file if it is not open, and does something with it. After a failure it is tried again at once if that is worth it,
    /// otherwise later.</summary>
    private void Attempt(Action use, bool isForced = false)
    {
        // A disk that took nothing is not asked again at each frame.
        if (_fault is not null && !isForced && _time.GetElapsedTime(_failedAt) < _retryAfter)
        {
            return;
        }

        for (var attempt = 0; attempt < 3; attempt++)
        {
            try
            {
                if (_database is null)
                {
                    Open();
                }

                use();
                Recovered();
                return;
            }
            catch (StorageError fault)
            {
                if (!Failed(fault))
                {
                    break;
                }
            }
        }

        (_failedAt, _run) = (_time.GetTimestamp(), null);
        _retryAfter = TimeSpan.FromTicks(Math.Clamp(_retryAfter.Ticks * 2, FirstRetry.Ticks, LongestRetry.Ticks));
    }

    private void Open()
    {
        _files.CreateFolder();
        _database = _open(_settings.DatabaseFile);
        Reconcile(_database);
        var (rows, events) = _database.Count();
        Count(stats => stats with { Rows = rows, Events = events });
        _databaseBytes = _files.DatabaseBytes();
        _oldestMs = _database.Oldest();
        _reserve.TryHold();
    }

    /// <summary>Compares the snapshots' rows with the files: rows without a whole file go, and files without a row too. After a damaged
    /// database was replaced, the files get new rows instead.</summary>
    private void Reconcile(HistoryDatabase database)
    {
        var files = _files.Scan();
        var rows = database.Snapshots();
        var waiting = _pending.Where(it => it.SnapshotBytes is not null)
            .ToDictionary(it => new SnapshotName(it.Frame.Camera, it.Frame.At.ToUnixTimeMilliseconds(), it.Frame.Frame), it => it.SnapshotBytes!.Value);
        var known = new HashSet<SnapshotName>();
        (_snapshots, _snapshotBytes) = (0, 0);
        database.Begin();
        _inTransaction = true;
        foreach (var (id, name, bytes) in rows)
        {
            if (files.GetValueOrDefault(name, -1) == bytes)
            {
                known.Add(name);
                AddSnapshot(bytes);
            }
            else
            {
                database.RemoveSnapshot(id);
            }
        }

        var orphans = new List<SnapshotName>();
        foreach (var (name, bytes) in files.Where(file => !known.Contains(file.Key)))
        {
            if (waiting.ContainsKey(name))
            {
                AddSnapshot(bytes);
            }
            else if (database.IsNew && bytes > 0)
            {
                database.InsertSnapshot(name, bytes);
                AddSnapshot(bytes);
            }
            else
            {
                orphans.Add(name);
            }
        }

        var clips = ReconcileClips(database);
        database.Commit();
        _inTransaction = false;
        orphans.ForEach(_files.Delete);
        clips.ForEach(_files.DeleteClip);
    }

    private void AddSnapshot(long bytes)
    {
        _snapshots++;
        _snapshotBytes += HistoryFiles.InBlocks(bytes);
    }

    /// <returns>Whether trying again at once is worth it.</returns>
    private bool Failed(StorageError fault)
    {
        RollBack();
        switch (fault.Kind)
        {
            case StorageErrorKind.Damaged:
                return ReplaceFile(fault);
            case StorageErrorKind.Full:
                Report(fault);
                return FreeSpaceOnFullDisk();
            case StorageErrorKind.Newer or StorageErrorKind.Foreign or StorageErrorKind.Unusable:
                Report(fault);
                Close();
                return false;
            default:
                throw new InvalidOperationException($"The error {fault.Kind} is not known.");
        }
    }

    private void RollBack()
    {
        try
        {
            _database?.Rollback();
        }
        catch (StorageError fault)
        {
            Report(fault);
            Close();
        }

        _inTransaction = false;
        foreach (var pending in _pending)
        {
            pending.IsInserted = false;
        }
    }

    private bool ReplaceFile(StorageError fault)
    {
        Close();
        try
        {
            var aside = SetAsideFiles.SetAside(_settings.DatabaseFile, _time.GetUtcNow(), "damaged");
            Count(stats => stats with { Damaged = stats.Damaged + 1 });
            LogDamaged(_settings.DatabaseFile, fault.Message, aside);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Report(new StorageError(StorageErrorKind.Unusable, $"{fault.Message}, and it cannot be renamed ({refused.Message})", refused));
            return false;
        }
    }

    private void Close()
    {
        _database?.Dispose();
        (_database, _inTransaction) = (null, false);
        foreach (var pending in _pending)
        {
            pending.IsInserted = false;
        }
    }

    private void Recovered()
    {
        _retryAfter = TimeSpan.Zero;
        if (_fault is not null)
        {
            _fault = null;
            _reserve.TryHold();
            LogRecovered(_settings.Folder);
        }
    }

    /// <summary>Logs each reason once, until writing works again.</summary>
    private void Report(StorageError fault)
    {
        if (_fault != fault.Message)
        {
            _fault = fault.Message;
            LogDisk(_settings.Folder, fault.Message);
        }
    }
}
