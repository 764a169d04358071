using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Outbox;

/// <summary>The outbox in one SQLite file. A thread of its own does all that touches the disk, many events at a time;
/// callers only wait when they await.</summary>
/// <remarks>Bounded by <see cref="OutboxSettings.MaxBytes"/>, <see cref="OutboxSettings.MaxRows"/> and
/// <see cref="OutboxSettings.MaxAge"/>. What goes first for room: the oldest events of the topic that takes most of it. A
/// full disk counts as a full outbox; when even that makes no room, events wait in memory. A damaged file is set aside
/// under another name and a new one begun.</remarks>
public sealed partial class SqliteOutbox : IEventOutbox
{
    private const int LargestBatch = 256;
    private const int LongestQueue = 10_000;

    private readonly OutboxSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BlockingCollection<Work> _work = new(LongestQueue);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OutboxStore _store;
    private readonly ConcurrentDictionary<string, long> _turnedAway = new(StringComparer.Ordinal);
    private int _disposed;

    private SqliteOutbox(OutboxSettings settings, OutboxStore store, TimeProvider time, ILogger logger)
    {
        (_settings, _store, _time, _logger) = (settings, store, time, logger);
        new Thread(Serve) { Name = "mvlm-outbox", IsBackground = true }.Start();
    }

    /// <inheritdoc/>
    public OutboxStats Stats
    {
        get
        {
            var stats = _store.Stats;
            return stats with { DroppedForRoom = stats.DroppedForRoom + _turnedAway.Values.Sum() };
        }
    }

    /// <summary>Opens or creates the file. A damaged one is set aside first.</summary>
    /// <exception cref="OutboxException">It cannot be opened here, or another process has it.</exception>
    public static SqliteOutbox Open(OutboxSettings settings, TimeProvider time, ILogger<SqliteOutbox> logger)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new SqliteOutbox(settings, OutboxStore.Open(settings, time, logger), time, logger);
    }

    /// <inheritdoc/>
    public Task<StoreOutcome> StoreAsync(OutboxEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (happened.Id.Length is 0 or > 128 || happened.Topic.Length is 0 or > 65_535)
        {
            throw new ArgumentException("An event needs an id of 1 to 128 characters and a topic.", nameof(happened));
        }

        if (OutboxDatabase.SizeOf(happened) > _settings.MaxBytes)
        {
            throw new ArgumentException(
                $"An event of {happened.Payload.Length} bytes is larger than the whole outbox (Outbox:MaxBytes is {_settings.MaxBytes}).",
                nameof(happened));
        }

        var store = new StoreWork(happened, new PendingEvent(happened, _store.Run, _time.GetTimestamp()));
        if (TryGive(store))
        {
            return store.Done.Task;
        }

        _turnedAway.AddOrUpdate(happened.Topic, 1, (_, before) => before + 1);
        return Task.FromResult(StoreOutcome.Dropped);
    }

    /// <inheritdoc/>
    public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics)
    {
        var oldest = new OldestWork(exceptTopics);
        return TryGive(oldest) ? oldest.Done.Task : Task.FromResult<WaitingEvent?>(null);
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string id)
    {
        var remove = new RemoveWork(id);

        // An acknowledgement that found no room is asked for again: the event is still there and is sent once more.
        return TryGive(remove) ? remove.Done.Task : Task.CompletedTask;
    }

    /// <summary>Writes what is still to be written, then closes the file. May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _work.CompleteAdding();
        }

        await _ended.Task;
    }

    /// <summary>Caps the file, as a full disk would. For tests, before the first event.</summary>
    internal void LimitPages(long pages) => _store.LimitPages(pages);

    private bool TryGive(Work work)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _work.TryAdd(work);
    }

    private void Serve()
    {
        try
        {
            while (!_work.IsCompleted)
            {
                Do(Gather());
            }

            // The end may have come between two rounds.
            TakeTurnedAway();
            _store.Write([], isLast: true);
        }
        catch (Exception fault)
        {
            // Faults of the disk are dealt with below; this is a defect, and waiting for ever would hide it.
            LogBroken(fault);
            _work.CompleteAdding();
        }
        finally
        {
            _store.Dispose();
            _ended.TrySetResult();
        }
    }

    /// <summary>What waits now, and what comes within the batch window of the first event.</summary>
    private List<Work> Gather()
    {
        var batch = new List<Work>();
        var patience = _store.IsIdle ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(1);
        if (!_work.TryTake(out var work, patience))
        {
            return batch;
        }

        batch.Add(work);
        var until = Environment.TickCount64 + (long)_settings.BatchWindow.TotalMilliseconds;
        while (batch.Count < LargestBatch)
        {
            var wait = batch.Exists(it => it is StoreWork) && !_work.IsAddingCompleted ? until - Environment.TickCount64 : 0;
            if (!_work.TryTake(out work, (int)Math.Max(wait, 0)))
            {
                break;
            }

            batch.Add(work);
        }

        return batch;
    }

    // Storing first: what is asked for afterwards sees it.
    private void Do(List<Work> batch)
    {
        StoreWork[] stores = [.. batch.OfType<StoreWork>()];
        TakeTurnedAway();
        foreach (var remove in batch.OfType<RemoveWork>())
        {
            _store.Acknowledge(remove.Id);
        }

        var outcomes = _store.Write([.. stores.Select(store => store.Pending)], isLast: _work.IsCompleted);
        foreach (var (store, outcome) in stores.Zip(outcomes))
        {
            store.Done.SetResult(outcome);
        }

        foreach (var work in batch)
        {
            switch (work)
            {
                case RemoveWork remove:
                    remove.Done.SetResult();
                    break;
                case OldestWork oldest:
                    oldest.Done.SetResult(ToWaiting(_store.Oldest(oldest.ExceptTopics)));
                    break;
            }
        }
    }

    private void TakeTurnedAway()
    {
        foreach (var topic in _turnedAway.Keys)
        {
            if (_turnedAway.TryRemove(topic, out var events))
            {
                _store.TurnedAway(topic, events);
            }
        }
    }

    private WaitingEvent? ToWaiting((PendingEvent Pending, long LostBefore)? oldest) => oldest is not var (pending, lost)
        ? null
        : new WaitingEvent(pending.Event, pending.Run == _store.Run ? _time.GetElapsedTime(pending.Timestamp) : null, lost);

    [LoggerMessage(EventId = 60, Level = LogLevel.Critical, Message = "The outbox has stopped working.")]
    private partial void LogBroken(Exception fault);

    private abstract class Work;

    private sealed class StoreWork(OutboxEvent happened, PendingEvent pending) : Work
    {
        public OutboxEvent Event => happened;

        public PendingEvent Pending => pending;

        public TaskCompletionSource<StoreOutcome> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class OldestWork(IReadOnlySet<string> exceptTopics) : Work
    {
        public IReadOnlySet<string> ExceptTopics => exceptTopics;

        public TaskCompletionSource<WaitingEvent?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class RemoveWork(string id) : Work
    {
        public string Id => id;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
