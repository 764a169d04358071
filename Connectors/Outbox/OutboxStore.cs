using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace MobileVlm.Edge.Connectors.Outbox;

/// <summary>An event with the run of the process and the moment in it at which it came.</summary>
internal sealed record PendingEvent(OutboxEvent Event, string Run, long Timestamp);

/// <summary>The database and what to do when it or its disk fails. One thread at a time, but for <see cref="Stats"/>.</summary>
internal sealed partial class OutboxStore : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    private readonly OutboxSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OutboxReserve _reserve;

    /// <summary>Not on disk yet, in order.</summary>
    private readonly List<PendingEvent> _inMemory = [];

    /// <summary>Acknowledged and still in the file.</summary>
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);

    private readonly LostEvents _lost;

    private OutboxDatabase _database;
    private WallClock _wall;
    private long _rows;
    private long _bytes;
    private long _stored;
    private long _removed;
    private long _droppedForRoom;
    private long _droppedForAge;
    private long _damaged;
    private long _acknowledgedSince;
    private long _sweptAt;
    private long _failedAt;
    private string? _said;
    private OutboxStats _stats;

    private OutboxStore(OutboxSettings settings, OutboxDatabase database, long damaged, TimeProvider time, ILogger logger)
    {
        (_settings, _database, _damaged, _time, _logger) = (settings, database, damaged, time, logger);
        _reserve = new OutboxReserve(settings.Path, settings.ReserveBytes);
        _reserve.TryHold();
        (_rows, _bytes) = database.Totals();
        _lost = new LostEvents(database.Lost());
        _wall = WallClock.Read(time);
        _sweptAt = time.GetTimestamp();
        _stats = Count();
    }

    /// <summary>Thread-safe.</summary>
    public OutboxStats Stats => Volatile.Read(ref _stats);

    /// <summary>Of this process.</summary>
    public string Run { get; } = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);

    /// <summary>Nothing waits to be written.</summary>
    public bool IsIdle => _acknowledged.Count == 0 && _inMemory.Count == 0;

    public static OutboxStore Open(OutboxSettings settings, TimeProvider time, ILogger logger)
    {
        try
        {
            if (Path.GetDirectoryName(settings.Path) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }

            var damaged = 0;
            while (true)
            {
                try
                {
                    return new OutboxStore(settings, OutboxDatabase.Open(settings), damaged, time, logger);
                }
                catch (SqliteException fault) when (IsDamage(fault) && damaged++ == 0)
                {
                    LogDamaged(logger, settings.Path, OutboxQuarantine.SetAside(settings.Path, time.GetUtcNow()), fault.Message);
                }
            }
        }
        catch (SqliteException fault) when (fault.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
        {
            throw new OutboxException(settings.Path, $"Outbox:Path: '{settings.Path}' is in use by another process.", fault);
        }
        catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new OutboxException(
                settings.Path,
                $"Outbox:Path: '{settings.Path}' cannot be used ({fault.Message}); name a file in a folder that this user may write to.",
                fault);
        }
    }

    /// <summary>Events that did not even get here.</summary>
    public void TurnedAway(string topic, long events)
    {
        _lost.Add(topic, events);
        DroppedForRoom(events);
    }

    /// <summary>Takes it out of line; it leaves the file with the next write.</summary>
    public void Acknowledge(string id)
    {
        _lost.Told(id);
        if (_inMemory.RemoveAll(pending => pending.Event.Id == id) > 0)
        {
            _removed++;
        }
        else if (_acknowledged.Add(id) && _acknowledged.Count == 1)
        {
            _acknowledgedSince = _time.GetTimestamp();
        }
    }

    /// <summary>Stores these, and whatever else is due: earlier ones that found no room, removals, what is too old.</summary>
    /// <param name="happened">In order.</param>
    /// <param name="isLast">The end: everything is due.</param>
    /// <returns>What became of each.</returns>
    public IReadOnlyList<StoreOutcome> Write(IReadOnlyList<PendingEvent> happened, bool isLast)
    {
        _inMemory.AddRange(happened);
        var outcomes = new Dictionary<PendingEvent, StoreOutcome>(ReferenceEqualityComparer.Instance);
        if (_inMemory.Count > 0 || isLast || RemovalsAreDue || IsTimeToSweep)
        {
            WriteOrKeep(outcomes, isLast);
        }

        _stored += happened.Count(pending => Outcome(pending) != StoreOutcome.Known);
        _stats = Count();
        return [.. happened.Select(Outcome)];

        StoreOutcome Outcome(PendingEvent pending) => outcomes.GetValueOrDefault(pending, StoreOutcome.InMemory);
    }

    /// <summary>The first in line, and how many of its topic were given up before it.</summary>
    public (PendingEvent Pending, long LostBefore)? Oldest(IReadOnlySet<string> exceptTopics) =>
        First(exceptTopics) is { } first ? (first, _lost.TellWith(first.Event)) : null;

    internal void LimitPages(long pages) => _database.LimitPages(pages);

    public void Dispose()
    {
        try
        {
            _database.Compact();
        }
        catch (SqliteException fault)
        {
            LogNotCompacted(fault.Message);
        }

        _database.Dispose();
    }

    private PendingEvent? First(IReadOnlySet<string> exceptTopics)
    {
        try
        {
            if (_database.Oldest(exceptTopics, _acknowledged) is { } row)
            {
                return new PendingEvent(row.Event, row.Run, row.Timestamp);
            }
        }
        catch (SqliteException fault)
        {
            Failed(fault);
        }

        return _inMemory.Find(pending => !exceptTopics.Contains(pending.Event.Topic));
    }

    private bool RemovalsAreDue => _acknowledged.Count >= 64
        || (_acknowledged.Count > 0 && _time.GetElapsedTime(_acknowledgedSince) >= _settings.RemoveWithin);

    private bool IsTimeToSweep => _time.GetElapsedTime(_sweptAt) >= SweepEvery;

    private OutboxStats Count()
    {
        DateTimeOffset? oldest = null;
        try
        {
            oldest = _rows > 0 ? _database.OldestAt() : null;
        }
        catch (SqliteException fault)
        {
            Failed(fault);
        }

        // What is acknowledged but still in the file does not wait any more.
        var waiting = Math.Max(0, _rows - _acknowledged.Count) + _inMemory.Count;
        return new OutboxStats(
            waiting,
            waiting == 0 ? 0 : _bytes + _inMemory.Sum(pending => OutboxDatabase.SizeOf(pending.Event)),
            waiting == 0 ? null : oldest,
            _inMemory.Count,
            _stored,
            _removed,
            _droppedForRoom,
            _droppedForAge,
            _damaged);
    }

    private static bool IsDamage(SqliteException fault) => fault.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
}
