using System.Globalization;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Limits of age and space.</content>
internal sealed partial class HistoryStore
{
    /// <summary>Space for the rows of one commit and the log that they are in first.</summary>
    private const long Headroom = 2 << 20;

    /// <summary>Snapshots that are deleted together.</summary>
    private const int SnapshotsAtOnce = 16;

    /// <summary>Most hours of one question that are thinned at once.</summary>
    private const int ThinAtOnce = 24;

    /// <summary>A wall clock that was set waits so long before anything is deleted for its age: a wrong date must not delete
    /// everything.</summary>
    private static readonly TimeSpan TrustClockAfter = TimeSpan.FromHours(1);

    private WallClock _wall;
    private long _clockSetAt;
    private long _sweptAt;
    private long _snapshots;
    private long _snapshotBytes;
    private long _databaseBytes;
    private long? _oldestMs;
    private bool _reportedFull;

    /// <summary>Once a minute: deletes what is too old or too much, and thins old answers.</summary>
    private void Sweep()
    {
        _sweptAt = _time.GetTimestamp();
        var now = WallClock.Read(_time);
        if (_wall.JumpTo(now, _time) is not null)
        {
            _clockSetAt = now.Timestamp;
        }

        _wall = now;
        var changed = false;
        if (PlausibleTime.Includes(now.Wall) && _time.GetElapsedTime(_clockSetAt) >= TrustClockAfter)
        {
            changed |= DeleteInOneStep(database => database.DeleteBefore((now.Wall - _settings.MaxAge).ToUnixTimeMilliseconds()));
            changed |= Thin(now.Wall);
        }

        if (changed)
        {
            _database!.Compact();
        }

        FreeSpaceFor(0);
        _oldestMs = _database!.Oldest();
        if (_time.GetElapsedTime(_committedAt) >= SweepEvery)
        {
            // Otherwise a time without cameras would look like a time in which the service did not run.
            Begin();
            Commit();
        }

        _databaseBytes = _files.DatabaseBytes();
    }

    private bool Thin(DateTimeOffset now)
    {
        var before = (now - _settings.FullFor).ToUnixTimeMilliseconds() / 60_000 * 60_000;
        var thinned = false;
        for (var i = 0; i < ThinAtOnce; i++)
        {
            Begin();
            var fewer = _database!.Thin(before);
            Commit();
            if (fewer is null)
            {
                break;
            }

            thinned = true;
            Count(stats => stats with { Rows = stats.Rows - fewer.Value });
        }

        return thinned;
    }

    /// <summary>Deletes the oldest data until a file of this size and the next rows fit into the limits.</summary>
    /// <exception cref="StorageError">Too little is free on the disk although nothing is left to delete.</exception>
    private void FreeSpaceFor(long bytes)
    {
        var needed = HistoryFiles.InBlocks(bytes) + Headroom;
        while (FileBytes + _databaseBytes + needed > _settings.MaxBytes)
        {
            if (!DeleteOldest())
            {
                break;
            }
        }

        while (_files.Free() - needed < _settings.MinFreeBytes)
        {
            if (!DeleteOldest())
            {
                throw new StorageError(StorageErrorKind.Full, string.Create(
                    CultureInfo.InvariantCulture,
                    $"its disk has {_files.Free() / 1_000_000} MB free, and History:MinFreeMegabytes leaves {_settings.MinFreeBytes / 1_000_000} MB to others"));
            }
        }
    }

    /// <returns>False when nothing is left.</returns>
    private bool DeleteOldest()
    {
        if (_files.DeleteSetAside())
        {
            _databaseBytes = _files.DatabaseBytes();
            return true;
        }

        if (!DeleteInOneStep(database => database.DeleteOldest(SnapshotsAtOnce)))
        {
            return false;
        }

        _database!.Compact();
        _databaseBytes = _files.DatabaseBytes();
        return true;
    }

    /// <summary>Commits what waits and the deletion, then deletes the files.</summary>
    /// <returns>Whether anything was deleted.</returns>
    private bool DeleteInOneStep(Func<HistoryDatabase, DeletedHistory> delete)
    {
        if (_inTransaction)
        {
            Commit();
        }

        Begin();
        var deleted = delete(_database!);
        Commit();
        Forget(deleted);
        return !deleted.IsEmpty;
    }

    private void Forget(DeletedHistory deleted)
    {
        Count(stats => stats with { Rows = stats.Rows - deleted.Rows, Events = stats.Events - deleted.Events });
        foreach (var (name, bytes) in deleted.Snapshots)
        {
            _files.Delete(name);
            _snapshots--;
            _snapshotBytes -= HistoryFiles.InBlocks(bytes);
        }

        ForgetClips(deleted);
    }

    /// <returns>Whether anything was freed.</returns>
    private bool FreeSpaceOnFullDisk()
    {
        // Deleting writes to the log first, for which the reserve makes room.
        _reserve.Release();
        try
        {
            if (_database is not null && DeleteOldest())
            {
                _reportedFull = false;
                return true;
            }
        }
        catch (StorageError fault)
        {
            RollBack();
            if (!_reportedFull)
            {
                _reportedFull = true;
                LogNoSpace(_settings.Folder, fault.Message);
            }
        }

        return false;
    }
}
