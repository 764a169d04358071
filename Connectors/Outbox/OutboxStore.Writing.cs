using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace MobileVlm.Edge.Connectors.Outbox;

/// <content>One write, and the ways on when it fails.</content>
internal sealed partial class OutboxStore
{
    // A full disk is met with room once; damage with a new file once; what still fails then waits in memory.
    private void WriteOrKeep(Dictionary<PendingEvent, StoreOutcome> outcomes, bool isLast)
    {
        for (var attempt = 0; attempt < 3 && MayTry(attempt); attempt++)
        {
            try
            {
                WriteOnce(outcomes);
                Mended();
                return;
            }
            catch (SqliteException fault)
            {
                outcomes.Clear();
                RollBack();
                if (!Failed(fault))
                {
                    break;
                }
            }
        }

        _failedAt = _time.GetTimestamp();
        ForgetOldestInMemory();

        // A disk that took nothing is not asked again at each event.
        bool MayTry(int attempt) => attempt > 0 || isLast || _said is null || _time.GetElapsedTime(_failedAt) >= RetryEvery;
    }

    private void WriteOnce(Dictionary<PendingEvent, StoreOutcome> outcomes)
    {
        long rows = _rows, bytes = _bytes;
        var lost = new Dictionary<string, long>(StringComparer.Ordinal);
        var clock = WallClock.Read(_time);
        _database.Begin();
        if (_wall.JumpTo(clock, _time) is { } jump)
        {
            _database.ShiftClock(Run, jump);
        }

        var removed = _acknowledged.Sum(id => Take(_database.Delete(id)));
        var forAge = IsTimeToSweep ? GiveUp(_database.DeleteOlderThan(clock.Wall - _settings.MaxAge, _lost.OnItsWay)) : 0;
        foreach (var pending in _inMemory)
        {
            var isNew = _database.Insert(pending.Event, clock.Wall, pending.Run, pending.Timestamp);
            outcomes[pending] = isNew ? StoreOutcome.Stored : StoreOutcome.Known;
            rows += isNew ? 1 : 0;
            bytes += isNew ? OutboxDatabase.SizeOf(pending.Event) : 0;
        }

        var forRoom = 0L;
        for (var gone = 1L; gone > 0 && (rows > _settings.MaxRows || bytes > _settings.MaxBytes); forRoom += gone)
        {
            // A hundredth at once, so that a full outbox does not look for its largest topic at each event.
            gone = GiveUp(_database.DeleteOldestOfTheLargestTopic(Math.Max(1, rows / 100), _lost.OnItsWay));
        }

        SayLost(lost);
        _database.Commit();
        (_rows, _bytes, _wall) = (rows, bytes, clock);
        _removed += removed;
        _lost.Written(lost);
        DroppedForRoom(forRoom);
        DroppedForAge(forAge);
        _acknowledged.Clear();
        _inMemory.Clear();
        _sweptAt = forAge > 0 || IsTimeToSweep ? _time.GetTimestamp() : _sweptAt;

        long Take(IReadOnlyList<Gone> gone)
        {
            rows -= gone.Count;
            bytes -= gone.Sum(it => it.Bytes);
            return gone.Count;
        }

        long GiveUp(IReadOnlyList<Gone> gone)
        {
            CountLost(lost, gone);
            return Take(gone);
        }
    }

    private static void CountLost(Dictionary<string, long> lost, IReadOnlyList<Gone> gone)
    {
        foreach (var (topic, _) in gone)
        {
            lost[topic] = lost.GetValueOrDefault(topic) + 1;
        }
    }

    // With what was lost in the same commit: a crash leaves neither without the other.
    private void SayLost(Dictionary<string, long> more)
    {
        foreach (var (topic, events) in _lost.Unwritten(more))
        {
            _database.SetLost(topic, events);
        }
    }

    /// <returns>Whether trying again is worth it.</returns>
    private bool Failed(SqliteException fault)
    {
        if (IsDamage(fault))
        {
            return BeginAnew(fault);
        }

        var isFull = fault.SqliteErrorCode == raw.SQLITE_FULL;
        var what = isFull ? "the disk is full" : fault.Message;
        if (_said != what)
        {
            _said = what;
            LogDisk(_settings.Path, what);
        }

        return isFull && MakeRoom();
    }

    private bool MakeRoom()
    {
        // The order matters: what the log holds goes into the file while there is room for that, then rows go, which frees
        // pages inside the file, then the log begins again.
        _reserve.Release();
        TryCheckpoint();
        try
        {
            var lost = new Dictionary<string, long>(StringComparer.Ordinal);
            _database.Begin();
            var gone = _database.DeleteOldestOfTheLargestTopic(Math.Max(1, _rows / 10), _lost.OnItsWay);
            CountLost(lost, gone);
            SayLost(lost);
            _database.Commit();
            (_rows, _bytes) = (_rows - gone.Count, _bytes - gone.Sum(it => it.Bytes));
            _lost.Written(lost);
            DroppedForRoom(gone.Count);
            TryCheckpoint();
            return true;
        }
        catch (SqliteException fault)
        {
            LogNoRoom(_settings.Path, fault.Message);
            RollBack();
            return false;
        }
    }

    private void TryCheckpoint()
    {
        try
        {
            _database.Checkpoint();
        }
        catch (SqliteException fault)
        {
            LogNoCheckpoint(fault.Message);
        }
    }

    private bool BeginAnew(SqliteException damage)
    {
        try
        {
            _database.Dispose();
            LogDamaged(_logger, _settings.Path, OutboxQuarantine.SetAside(_settings.Path, _time.GetUtcNow()), damage.Message);
            _database = OutboxDatabase.Open(_settings);
            _damaged++;
            (_rows, _bytes) = (0, 0);
            _acknowledged.Clear();
            _lost.WriteAgain();
            return true;
        }
        catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
        {
            LogDisk(_settings.Path, fault.Message);
            return false;
        }
    }

    private void RollBack()
    {
        try
        {
            _database.Rollback();
        }
        catch (SqliteException fault)
        {
            LogDisk(_settings.Path, fault.Message);
        }
    }

    private void Mended()
    {
        if (_said is not null)
        {
            _said = null;
            LogMended(_settings.Path);
        }

        _reserve.TryHold();
    }

    private void ForgetOldestInMemory()
    {
        var tooMany = _inMemory.Count - _settings.MaxInMemory;
        if (tooMany <= 0)
        {
            return;
        }

        foreach (var pending in _inMemory.Where(pending => pending.Event.Id != _lost.OnItsWay).Take(tooMany).ToList())
        {
            _inMemory.Remove(pending);
            _lost.Add(pending.Event.Topic, 1);
        }

        DroppedForRoom(tooMany);
    }

    private void DroppedForRoom(long rows)
    {
        if (rows > 0)
        {
            _droppedForRoom += rows;
            LogDropped(rows, "for room");
        }
    }

    private void DroppedForAge(long rows)
    {
        if (rows > 0)
        {
            _droppedForAge += rows;
            LogDropped(rows, "for their age");
        }
    }

    [LoggerMessage(EventId = 61, Level = LogLevel.Error, Message =
        "The outbox {Path} was damaged ({Damage}); it was set aside as {Aside} and a new one begun. Events that waited in it are lost unless somebody reads them out of that file.")]
    private static partial void LogDamaged(ILogger logger, string path, string aside, string damage);

    [LoggerMessage(EventId = 62, Level = LogLevel.Error, Message =
        "The outbox {Path} cannot be written ({Fault}). Events wait in memory and are tried again; make room or mend the disk.")]
    private partial void LogDisk(string path, string fault);

    [LoggerMessage(EventId = 63, Level = LogLevel.Error, Message = "Nothing could be deleted from the outbox {Path} to make room: {Fault}")]
    private partial void LogNoRoom(string path, string fault);

    [LoggerMessage(EventId = 64, Level = LogLevel.Information, Message = "The outbox {Path} can be written again.")]
    private partial void LogMended(string path);

    [LoggerMessage(EventId = 65, Level = LogLevel.Warning, Message = "{Rows} event(s) that waited for the broker were given up {Reason}.")]
    private partial void LogDropped(long rows, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The outbox's log stays as it is: {Fault}")]
    private partial void LogNoCheckpoint(string fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The outbox was not compacted: {Fault}")]
    private partial void LogNotCompacted(string fault);
}
