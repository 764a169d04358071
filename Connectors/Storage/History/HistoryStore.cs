using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>The database and the snapshots, their limits, and what to do when the disk fails. Throws nothing for what a disk can do,
/// except that a query fails with <see cref="HistoryUnavailableException"/>. One thread at a time, but for <see cref="Stats"/>.</summary>
/// <remarks>Frames wait in memory, bounded, until they are committed. While the disk cannot be used, the oldest of them are dropped and
/// counted, and it is tried again and again to open it.</remarks>
internal sealed partial class HistoryStore : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan EventWithin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);

    private readonly HistorySettings _settings;
    private readonly Func<string, HistoryDatabase> _open;
    private readonly HistoryFiles _files;
    private readonly SpaceReserve _reserve;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Frames that are not committed yet.</summary>
    private readonly LinkedList<PendingFrame> _pending = [];

    private HistoryDatabase? _database;
    private bool _inTransaction;
    private bool _hasUncommittedEvent;
    private long _begunAt;
    private long _committedAt;
    private long? _run;
    private string? _fault;
    private long _failedAt;
    private TimeSpan _retryAfter;
    private HistoryStats _stats = new(0, 0, 0, 0, null, 0, 0, 0, 0, 0);

    /// <summary>Opens nothing yet: the first <see cref="Tick"/> or <see cref="Write"/> does.</summary>
    /// <param name="settings">Location and limits.</param>
    /// <param name="files">The files beside the database.</param>
    /// <param name="open">Opens the database at a path.</param>
    /// <param name="time">Both clocks.</param>
    /// <param name="logger">Logs what the disk does.</param>
    public HistoryStore(HistorySettings settings, HistoryFiles files, Func<string, HistoryDatabase> open, TimeProvider time, ILogger logger)
    {
        (_settings, _files, _open, _time, _logger) = (settings, files, open, time, logger);
        _reserve = new SpaceReserve(settings.DatabaseFile, settings.ReserveBytes);
        _committedAt = time.GetTimestamp();
        _wall = WallClock.Read(time);
        _clockSetAt = _committedAt;
        _sweptAt = _committedAt - (long)(SweepEvery.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>Thread-safe.</summary>
    public HistoryStats Stats => Volatile.Read(ref _stats);

    /// <summary>Time until <see cref="Tick"/> has something to do.</summary>
    public TimeSpan NextTick => _inTransaction ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(1);

    /// <summary>Counts answers that were dropped before they reached this store.</summary>
    public void CountDropped(long answers, long snapshots) =>
        Count(stats => stats with { Dropped = stats.Dropped + answers, SnapshotsDropped = stats.SnapshotsDropped + snapshots });

    /// <summary>Stores a frame; it is committed together with others.</summary>
    public void Write(HistoryFrame frame)
    {
        if (!PlausibleTime.Includes(frame.At))
        {
            Count(stats => stats with { Undated = stats.Undated + frame.Answers.Count });
            return;
        }

        // An empty array becomes a snapshot without bytes.
        _pending.AddLast(new PendingFrame(frame.Snapshot is { IsEmpty: true } ? frame with { Snapshot = null } : frame));
        _hasUncommittedEvent |= frame.Events.Count > 0;
        if (frame.ExpectsClip)
        {
            Expect(frame);
        }

        Attempt(() =>
        {
            FreeSpaceFor(frame.Snapshot?.Length ?? 0);
            InsertPending();
        });
        while (_pending.Count > _settings.MaxWaiting)
        {
            Drop(_pending.First!.Value);
        }

        if (_fault is not null)
        {
            DropSnapshots();
        }
    }

    /// <summary>Does what is due: commits, retries, deletes and thins.</summary>
    /// <param name="isLast">The end: everything is committed.</param>
    public void Tick(bool isLast = false)
    {
        if (_database is null || _fault is not null)
        {
            Attempt(InsertPending, isForced: isLast);
        }

        if (_inTransaction && (isLast || IsCommitDue))
        {
            Attempt(Commit, isForced: isLast);
        }

        // A history that is paused is copied too, or says why not.
        if (!isLast && _database is not null)
        {
            AnswerCopyRequests();
        }

        if (!isLast && _database is not null && _fault is null && _time.GetElapsedTime(_sweptAt) >= SweepEvery)
        {
            Attempt(Sweep);
        }

        UpdateStats();
    }

    /// <summary>Runs a query.</summary>
    /// <exception cref="HistoryUnavailableException">The disk cannot be used.</exception>
    public T Read<T>(Func<HistoryDatabase, T> query)
    {
        if (_database is null)
        {
            throw new HistoryUnavailableException(_fault ?? "the history is not open yet");
        }

        try
        {
            return query(_database);
        }
        catch (StorageError fault)
        {
            Failed(fault);
            throw new HistoryUnavailableException(fault.Message, fault);
        }
    }

    /// <summary>The timeline with its gaps.</summary>
    public HistoryTimeline Timeline(TimelineQuery query) => Read(database =>
    {
        var runs = database.Runs(query.From.ToUnixTimeMilliseconds(), query.To.ToUnixTimeMilliseconds());
        var (timeline, now) = (database.Timeline(query), _time.GetUtcNow());
        return timeline with { Gaps = [.. TimelineGaps.Join([.. Gaps(query, runs)], timeline.States, query.From, query.To < now ? query.To : now)] };
    });

    /// <summary>A snapshot as JPEG; null for an unknown one.</summary>
    public byte[]? Snapshot(long id) => Read(database => database.FindSnapshot(id) is { } name ? _files.Read(name) : null);

    /// <summary>Sets whether an event is kept.</summary>
    public bool Keep(Guid id, bool keep) => Change(database => database.Keep(id, keep));

    /// <summary>Deletes an event; nothing of it is left in the files afterwards.</summary>
    public bool Delete(Guid id) => !Delete(database => database.DeleteEvent(id)).IsEmpty;

    /// <summary>Deletes everything of a camera in a time; nothing of it is left in the files afterwards.</summary>
    /// <returns>How many answers, events and snapshots were deleted.</returns>
    public (long Answers, long Events, long Snapshots) Delete(string camera, DateTimeOffset from, DateTimeOffset to)
    {
        var deleted = Delete(database => database.DeleteSpan(camera, from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds()));
        return (deleted.Rows, deleted.Events, deleted.Snapshots.Count);
    }

    public void Dispose()
    {
        if (_pending.Count > 0)
        {
            LogLeft(_pending.Sum(it => it.Frame.Answers.Count), _settings.Folder);
        }

        try
        {
            _database?.Compact();
        }
        catch (StorageError fault)
        {
            LogNotCompacted(fault.Message);
        }

        Close();
    }

    private bool IsCommitDue =>
        _time.GetElapsedTime(_begunAt) is var open
        && (open >= _settings.CommitEvery || (_hasUncommittedEvent && open >= EventWithin) || _pending.Sum(it => it.Frame.Answers.Count) >= _settings.CommitRows);

    /// <summary>Deletes rows and their files, and what is left of them in the database.</summary>
    private DeletedHistory Delete(Func<HistoryDatabase, DeletedHistory> delete)
    {
        // The files before the commit: where one cannot be deleted, the rows are still there and can be deleted again.
        var deleted = Change(database =>
        {
            var rows = delete(database);
            Forget(rows);
            return rows;
        });
        return deleted.IsEmpty ? deleted : Read(database =>
        {
            database.Compact();
            return deleted;
        });
    }

    /// <summary>Changes something at once: the result is committed when this returns.</summary>
    private T Change<T>(Func<HistoryDatabase, T> change) => Read(database =>
    {
        if (_inTransaction)
        {
            Commit();
        }

        Begin();
        var result = change(database);
        Commit();
        return result;
    });

    private void Begin()
    {
        if (!_inTransaction)
        {
            _database!.Begin();
            (_inTransaction, _begunAt) = (true, _time.GetTimestamp());
        }
    }

    private void Commit()
    {
        var now = _time.GetUtcNow();
        if (PlausibleTime.Includes(now))
        {
            _run ??= _database!.BeginRun(_pending.Select(it => it.Frame.At).Append(now).Min().ToUnixTimeMilliseconds());
            _database!.ContinueRun(_run.Value, now.ToUnixTimeMilliseconds());
        }

        if (!_database!.IsInPlace())
        {
            throw new StorageError(StorageErrorKind.Unusable, "the file was removed or replaced", needsReopening: true);
        }

        _database.Commit();
        (_inTransaction, _hasUncommittedEvent, _committedAt) = (false, false, _time.GetTimestamp());
        var answers = _pending.Where(it => it.IsInserted).Sum(it => it.Answers);
        var events = _pending.Where(it => it.IsInserted).Sum(it => it.Events);
        while (_pending.First is { Value.IsInserted: true })
        {
            _pending.RemoveFirst();
        }

        Count(stats => stats with { Rows = stats.Rows + answers, Events = stats.Events + events, Stored = stats.Stored + answers });
        _databaseBytes = _files.DatabaseBytes();
    }

    private void InsertPending()
    {
        foreach (var pending in _pending.Where(it => !it.IsInserted).ToList())
        {
            Begin();
            Insert(_database!, pending);
        }
    }

    private void Insert(HistoryDatabase database, PendingFrame pending)
    {
        var frame = pending.Frame;
        var at = frame.At.ToUnixTimeMilliseconds();
        var snapshot = StoreSnapshot(database, pending, new SnapshotName(frame.Camera, at, frame.Frame));
        pending.Answers = frame.Answers.Count(answer => database.InsertAnswer(frame.Camera, at, frame.Frame, answer));
        foreach (var state in frame.States)
        {
            database.InsertState(frame.Camera, at, state);
        }

        pending.Events = frame.Events.Count(happened => database.InsertEvent(frame.Camera, happened, snapshot));
        pending.IsInserted = true;
    }

    /// <summary>Writes the file first and the row last, so that a row always has its file.</summary>
    private long? StoreSnapshot(HistoryDatabase database, PendingFrame pending, SnapshotName name)
    {
        if (pending.SnapshotBytes is null && pending.Frame.Snapshot is { } jpeg)
        {
            if (name.Camera is "" or "." or ".." || name.Camera.Contains('/', StringComparison.Ordinal))
            {
                pending.Frame = pending.Frame with { Snapshot = null };
                return null;
            }

            _files.Write(name, jpeg.Span);
            pending.SnapshotBytes = jpeg.Length;
            pending.Frame = pending.Frame with { Snapshot = null };
        }

        if (pending.SnapshotBytes is not { } bytes)
        {
            return null;
        }

        var (id, isNew) = database.InsertSnapshot(name, bytes);
        if (isNew && !pending.IsCounted)
        {
            AddSnapshot(bytes);
        }

        pending.IsCounted = true;
        return id;
    }

    /// <summary>Gives up a frame that waits for the disk.</summary>
    private void Drop(PendingFrame frame)
    {
        _pending.Remove(frame);
        if (!frame.IsInserted)
        {
            // A file that was written already is deleted at the next opening, because no row has it.
            Count(stats => stats with { Dropped = stats.Dropped + frame.Frame.Answers.Count });
        }
    }

    /// <summary>Keeps the memory of snapshots that wait for the disk within its limit: the oldest ones go.</summary>
    private void DropSnapshots()
    {
        var bytes = _pending.Sum(it => it.Frame.Snapshot?.Length ?? 0L);
        foreach (var pending in _pending.Where(it => it.Frame.Snapshot is not null))
        {
            if (bytes <= _settings.MaxWaitingBytes)
            {
                break;
            }

            bytes -= pending.Frame.Snapshot!.Value.Length;
            pending.Frame = pending.Frame with { Snapshot = null };
            CountDropped(0, 1);
        }
    }

    private IEnumerable<TimelineGap> Gaps(TimelineQuery query, IReadOnlyList<(long FromMs, long ToMs)> runs)
    {
        var at = query.From;
        foreach (var (from, to) in runs)
        {
            if (DateTimeOffset.FromUnixTimeMilliseconds(from) is var began && began - at >= EventWithin)
            {
                yield return new TimelineGap(at, began, GapReasons.Stopped);
            }

            at = DateTimeOffset.FromUnixTimeMilliseconds(to) is var ended && ended > at ? ended : at;
        }

        // The newest answers are not committed yet.
        var now = _time.GetUtcNow();
        var end = query.To < now ? query.To : now;
        if (end - at > SweepEvery + _settings.CommitEvery)
        {
            yield return new TimelineGap(at, end, GapReasons.Stopped);
        }
    }

    private void Count(Func<HistoryStats, HistoryStats> change) => Volatile.Write(ref _stats, change(_stats));

    private void UpdateStats() => Count(stats => stats with
    {
        Bytes = _snapshotBytes + _clipBytes + _databaseBytes,
        Clips = _clips,
        Snapshots = _snapshots,
        OldestAt = _oldestMs is { } oldest ? DateTimeOffset.FromUnixTimeMilliseconds(oldest) : null,
        Storage = _fault is null ? StorageCondition.OnDisk : new StorageCondition(StorageKind.Paused, _fault),
    });

    /// <summary>A frame that is not committed yet.</summary>
    private sealed class PendingFrame(HistoryFrame frame)
    {
        public HistoryFrame Frame { get; set; } = frame;

        /// <summary>Length of the snapshot's file; null while it is not written.</summary>
        public long? SnapshotBytes { get; set; }

        /// <summary>The snapshot is among those that are counted.</summary>
        public bool IsCounted { get; set; }

        /// <summary>Its rows are in the open transaction.</summary>
        public bool IsInserted { get; set; }

        /// <summary>Answers that were new.</summary>
        public int Answers { get; set; }

        /// <summary>Events that were new.</summary>
        public int Events { get; set; }
    }
}
