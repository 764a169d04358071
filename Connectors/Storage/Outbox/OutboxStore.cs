using System.Globalization;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>The database, the memory that replaces it, and what to do when it or its disk fails. Throws nothing for what
/// a disk can do. One thread at a time, but for <see cref="Stats"/>.</summary>
/// <remarks>While a database is open, its rows come before the events in memory. The newest rows are in memory as well, so
/// that a database which is lost takes none of them with it. While none is open, all events are in memory, bounded, and it
/// is tried again and again to open one.</remarks>
internal sealed partial class OutboxStore : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly OutboxSettings _settings;
    private readonly IOutboxFolder _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OutboxMemory _memory = new();
    private readonly LostEvents _lost = new(new Dictionary<string, long>(StringComparer.Ordinal));

    /// <summary>Acknowledged events that the file may contain, by id.</summary>
    private readonly Dictionary<string, Acknowledged> _acknowledged = new(StringComparer.Ordinal);

    /// <summary>Events that are counted as lost and that the file may contain.</summary>
    private readonly HashSet<string> _givenUp = new(StringComparer.Ordinal);

    /// <summary>Number of the file's rows that are not in memory, by topic. Exact while a database is open; what to expect in the file
    /// while none is.</summary>
    private readonly Dictionary<string, long> _onDiskOnly = new(StringComparer.Ordinal);

    /// <summary>Number up to which rows need not be examined any more, by topic.</summary>
    private readonly Dictionary<string, long> _examinedUpTo = new(StringComparer.Ordinal);

    private IOutboxDatabase? _database;

    /// <summary>The event that is being sent to the broker, when it is not in memory otherwise.</summary>
    private OutboxRow? _inFlightRow;

    private long _rows;
    private long _bytes;
    private long _stored;
    private long _removed;
    private long _droppedForSpace;
    private long _droppedForAge;
    private long _damaged;
    private long _acknowledgedSince;
    private long _sweptAt;
    private OutboxStats _stats;

    private OutboxStore(OutboxSettings settings, IOutboxFolder folder, TimeProvider time, ILogger logger)
    {
        (_settings, _folder, _time, _logger) = (settings, folder, time, logger);
        _wall = WallClock.Read(time);
        _sweptAt = time.GetTimestamp();
        _stats = Count();
    }

    /// <summary>Thread-safe.</summary>
    public OutboxStats Stats => Volatile.Read(ref _stats);

    /// <summary>The run of this process.</summary>
    public string Run { get; } = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);

    /// <summary>Whether nothing waits to be written and nothing is to be tried again.</summary>
    public bool IsIdle => _database is not null && _fault is null && _acknowledged.Count == 0 && _givenUp.Count == 0 && !_memory.NotOnDisk.Any();

    /// <summary>Opens or creates the file. Where that cannot be done, events are kept in memory and it is tried again.</summary>
    public static OutboxStore Open(OutboxSettings settings, IOutboxFolder folder, TimeProvider time, ILogger logger)
    {
        var store = new OutboxStore(settings, folder, time, logger);
        if (store.TryOpen())
        {
            store._folder.HoldReserve();
        }

        store.EnforceMemoryLimits();
        Volatile.Write(ref store._stats, store.Count());
        return store;
    }

    /// <summary>Counts events as lost that the queue before this store refused because it was full.</summary>
    public void CountDropped(string topic, long events)
    {
        _lost.Add(topic, events);
        DroppedForSpace(events);
    }

    /// <summary>Removes an event from memory; it leaves the file with a later write.</summary>
    public void Acknowledge(string id)
    {
        var topic = _lost.InFlightId == id ? _lost.InFlightTopic : null;
        _lost.Acknowledge(id);
        _inFlightRow = _inFlightRow?.Event.Id == id ? null : _inFlightRow;
        var entry = _memory.Find(id);
        topic ??= entry?.Event.Topic;
        _memory.Remove(id);
        if (_database is null && topic is not null)
        {
            _topicsSentWhileClosed.Add(topic);
        }

        if (entry is { IsOnDisk: false, MayBeOnDisk: false })
        {
            _removed++;
            return;
        }

        var isOnDiskOnly = entry is null;
        if (isOnDiskOnly && _database is null && topic is not null)
        {
            AddOnDiskOnly(topic, -1);
            isOnDiskOnly = false;
        }

        if (_acknowledged.TryAdd(id, new Acknowledged(topic, isOnDiskOnly)) && _acknowledged.Count == 1)
        {
            _acknowledgedSince = _time.GetTimestamp();
        }
    }

    /// <summary>Stores these, and what else is due: earlier ones that found no space, removals, what is too old, a file
    /// that could not be opened.</summary>
    /// <param name="happened">The events, in order.</param>
    /// <param name="isLast">The end: everything is due.</param>
    /// <returns>What became of each.</returns>
    public IReadOnlyList<StoreOutcome> Write(IReadOnlyList<TimedEvent> happened, bool isLast)
    {
        var entries = happened.Select(AddToMemory).ToList();
        if (_database is null || _fault is not null || _memory.NotOnDisk.Any() || _givenUp.Count > 0 || isLast || RemovalsAreDue || IsTimeToSweep)
        {
            WriteOrKeep(isLast);
        }

        var outcomes = entries.ConvertAll(Outcome);
        _stored += outcomes.Count(outcome => outcome != StoreOutcome.AlreadyStored);
        Volatile.Write(ref _stats, Count());
        return outcomes;
    }

    /// <summary>The first in line, and how many of its topic were given up before it.</summary>
    public (TimedEvent Pending, long LostBefore)? Oldest(IReadOnlySet<string> exceptTopics)
    {
        var hadDatabase = _database is not null;
        (TimedEvent, long)? oldest = First(exceptTopics) is { } first ? (first, _lost.Attach(first.Event)) : null;
        if (hadDatabase && _database is null)
        {
            // What the file held is in memory only, and a new file may take it at once.
            WriteOrKeep(isLast: false);
            Volatile.Write(ref _stats, Count());
        }

        return oldest;
    }

    /// <summary>Closes the file. What no disk has taken is lost then.</summary>
    public void Dispose()
    {
        if (_memory.NotOnDisk.Count() is > 0 and var left)
        {
            LogLeft(left, _settings.Path);
        }

        try
        {
            _database?.Compact();
        }
        catch (StorageError fault)
        {
            LogNotCompacted(fault.Message);
        }

        _database?.Dispose();
        _database = null;
    }

    /// <returns>Null for an id that waits already.</returns>
    private OutboxEntry? AddToMemory(TimedEvent timedEvent)
    {
        if (_memory.Find(timedEvent.Event.Id) is not null)
        {
            return null;
        }

        var entry = new OutboxEntry(timedEvent, storedAt: null);
        _memory.Append(entry);
        return entry;
    }

    private StoreOutcome Outcome(OutboxEntry? entry) => entry switch
    {
        null => StoreOutcome.AlreadyStored,
        { IsOnDisk: true } => StoreOutcome.Stored,
        _ when _known.Remove(entry.Event.Id) => StoreOutcome.AlreadyStored,
        _ when _memory.Find(entry.Event.Id) == entry => StoreOutcome.InMemory,
        _ => StoreOutcome.Dropped,
    };

    private TimedEvent? First(IReadOnlySet<string> exceptTopics)
    {
        // Rows that are not in memory are older than all that is.
        for (var attempt = 0; attempt < 2 && _database is { } database && _onDiskOnly.Count > 0; attempt++)
        {
            try
            {
                if (FirstRow(database, exceptTopics) is { } row)
                {
                    _inFlightRow = row;
                    return ToTimedEvent(row);
                }

                break;
            }
            catch (StorageError fault)
            {
                Failed(fault);
                if (attempt > 0)
                {
                    // What is in memory may be sent only instead of these rows, not before them.
                    CloseDatabase();
                }

                EnforceMemoryLimits();
            }
        }

        if (_database is null && _inFlightRow is { } handed && !exceptTopics.Contains(handed.Event.Topic))
        {
            return ToTimedEvent(handed);
        }

        return _memory.Entries.FirstOrDefault(entry => !exceptTopics.Contains(entry.Event.Topic))?.TimedEvent;
    }

    private OutboxRow? FirstRow(IOutboxDatabase database, IReadOnlySet<string> exceptTopics)
    {
        OutboxRow? first = null;
        foreach (var topic in database.Topics().Where(topic => !exceptTopics.Contains(topic)))
        {
            var row = database.First(topic, _examinedUpTo.GetValueOrDefault(topic));
            for (; row is not null && IsDone(row.Event.Id); row = database.First(topic, row.Seq))
            {
                _examinedUpTo[topic] = row.Seq;
            }

            first = row is not null && (first is null || row.Seq < first.Seq) ? row : first;
        }

        return first;

        bool IsDone(string id) => _acknowledged.ContainsKey(id) || _givenUp.Contains(id);
    }

    private bool RemovalsAreDue => _acknowledged.Count >= 64
        || (_acknowledged.Count > 0 && _time.GetElapsedTime(_acknowledgedSince) >= _settings.RemoveWithin);

    private bool IsTimeToSweep => _time.GetElapsedTime(_sweptAt) >= SweepEvery;

    private void AddOnDiskOnly(string topic, long rows)
    {
        var now = _onDiskOnly.GetValueOrDefault(topic) + rows;
        if (now > 0)
        {
            _onDiskOnly[topic] = now;
        }
        else
        {
            _onDiskOnly.Remove(topic);
        }
    }

    private OutboxStats Count()
    {
        // What is acknowledged does not wait any more, even while the file contains it.
        var onDiskOnly = Math.Max(0, _onDiskOnly.Values.Sum() - _acknowledged.Values.Count(it => it.IsOnDiskOnly));
        var waiting = onDiskOnly + _memory.Count;
        return new OutboxStats(
            waiting,
            waiting == 0 ? 0 : _memory.Bytes + (onDiskOnly > 0 ? OnDiskOnlyBytes() : 0),
            waiting == 0 ? null : OldestAt(onDiskOnly > 0),
            _memory.NotOnDisk.Count(),
            _stored,
            _removed,
            _droppedForSpace,
            _droppedForAge,
            _damaged)
        {
            Storage = _database is not null && _fault is null ? StorageCondition.OnDisk : StorageCondition.InMemory(_fault ?? "the file is closed"),
        };
    }

    private long OnDiskOnlyBytes() => Math.Max(0, _bytes - _memory.Entries.Sum(entry => entry.IsOnDisk ? entry.Bytes : 0));

    private DateTimeOffset? OldestAt(bool isOnDiskOnly)
    {
        try
        {
            if (isOnDiskOnly && _database?.OldestAt() is { } at)
            {
                return at;
            }
        }
        catch (StorageError fault)
        {
            Failed(fault);
        }

        return _memory.Entries.FirstOrDefault() is { } first ? StoredAt(first, _time.GetUtcNow()) : null;
    }

    private DateTimeOffset StoredAt(OutboxEntry entry, DateTimeOffset now) =>
        entry.StoredAt ?? now - _time.GetElapsedTime(entry.TimedEvent.Timestamp);

    /// <param name="Topic">Null when an id was acknowledged that had not been handed out.</param>
    /// <param name="IsOnDiskOnly">It was not in memory.</param>
    private readonly record struct Acknowledged(string? Topic, bool IsOnDiskOnly);
}
