using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>The outbox in one SQLite file. Its own thread does all that touches the disk, many events at a time;
/// callers only wait when they await.</summary>
/// <remarks>Bounded by <see cref="OutboxSettings.MaxBytes"/>, <see cref="OutboxSettings.MaxRows"/> and
/// <see cref="OutboxSettings.MaxAge"/>. What goes first when space runs out: the oldest events of the topic that takes most of it. A
/// full disk counts as a full outbox; when even that frees no space, and whenever the file cannot be used, events wait in
/// memory, bounded by <see cref="OutboxSettings.MaxInMemory"/>, until it can. A damaged file is renamed, what can be read of
/// it is taken over, and a new one is begun.</remarks>
public sealed partial class SqliteOutbox : IEventOutbox
{
    private const int LargestBatch = 256;
    private const int LongestQueue = 10_000;

    /// <summary>A disk that takes longer over one batch is reported as hanging.</summary>
    private static readonly TimeSpan HangsAfter = TimeSpan.FromSeconds(10);

    private readonly OutboxSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BlockingCollection<Work> _work = new(LongestQueue);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OutboxStore _store;
    private readonly ConcurrentDictionary<string, long> _droppedByTopic = new(StringComparer.Ordinal);
    private readonly Lock _closing = new();
    private List<Work> _batch = [];
    private bool _isClosed;
    private long _busySince;
    private string? _defect;

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
            var busySince = Interlocked.Read(ref _busySince);
            return stats with
            {
                DroppedForSpace = stats.DroppedForSpace + _droppedByTopic.Values.Sum(),
                Storage = busySince != 0 && Environment.TickCount64 - busySince > HangsAfter.TotalMilliseconds
                    ? new StorageCondition(StorageKind.Hanging, "the disk does not answer")
                    : stats.Storage,
            };
        }
    }

    /// <summary>Opens or creates the file. A damaged one is set aside first. Where it cannot be used, the outbox keeps events
    /// in memory and tries again; <see cref="OutboxStats.Storage"/> shows it.</summary>
    public static SqliteOutbox Open(OutboxSettings settings, TimeProvider time, ILogger<SqliteOutbox> logger)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Open(settings, new OutboxFolder(settings), time, logger);
    }

    internal static SqliteOutbox Open(OutboxSettings settings, IOutboxFolder folder, TimeProvider time, ILogger logger) =>
        new(settings, OutboxStore.Open(settings, folder, time, logger), time, logger);

    /// <inheritdoc/>
    public Task<StoreOutcome> StoreAsync(OutboxEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (happened.Id.Length is 0 or > 128 || happened.Topic.Length is 0 or > 65_535)
        {
            return Task.FromException<StoreOutcome>(
                new ArgumentException("An event needs an id of 1 to 128 characters and a topic.", nameof(happened)));
        }

        if (OutboxDatabase.SizeOf(happened) > _settings.MaxBytes)
        {
            return Task.FromException<StoreOutcome>(new ArgumentException(
                $"An event of {happened.Payload.Length} bytes is larger than the whole outbox (Outbox:MaxMegabytes allows {_settings.MaxBytes} bytes).",
                nameof(happened)));
        }

        var store = new StoreWork(new TimedEvent(happened, _store.Run, _time.GetTimestamp()));
        if (TryGive(store))
        {
            return store.Done.Task;
        }

        _droppedByTopic.AddOrUpdate(happened.Topic, 1, (_, before) => before + 1);
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

        // If the queue is full, the removal is dropped: the event stays in the outbox and is sent once more.
        return TryGive(remove) ? remove.Done.Task : Task.CompletedTask;
    }

    /// <summary>Writes what is not written yet, then closes the file. Waits no longer than
    /// <see cref="OutboxSettings.CloseWithin"/> for a disk that does not answer; calls that wait for it are completed then,
    /// and its thread does not keep the process. May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_closing)
        {
            if (!_isClosed)
            {
                _isClosed = true;
                _work.CompleteAdding();
            }
        }

        using var limit = new CancellationTokenSource();
        if (await Task.WhenAny(_ended.Task, Task.Delay(_settings.CloseWithin, limit.Token)) == _ended.Task)
        {
            await limit.CancelAsync();
            return;
        }

        LogHangs(_settings.Path, _settings.CloseWithin.TotalSeconds);
        foreach (var work in Volatile.Read(ref _batch))
        {
            work.GiveUp();
        }

        while (_work.TryTake(out var work))
        {
            work.GiveUp();
        }
    }

    /// <returns>False when it is closed, or the queue is full because the disk hangs.</returns>
    private bool TryGive(Work work)
    {
        lock (_closing)
        {
            return !_isClosed && _work.TryAdd(work);
        }
    }

    private void Serve()
    {
        while (!_work.IsCompleted)
        {
            Guard(() =>
            {
                var batch = Gather();
                Volatile.Write(ref _batch, batch);
                Interlocked.Exchange(ref _busySince, Environment.TickCount64);
                Do(batch);
            });
            Interlocked.Exchange(ref _busySince, 0);

            // After any error, too: nobody waits forever.
            _batch.ForEach(work => work.GiveUp());
            Volatile.Write(ref _batch, []);
        }

        // The outbox may have been disposed between two batches.
        Interlocked.Exchange(ref _busySince, Environment.TickCount64);
        Guard(() =>
        {
            CountDroppedEvents();
            _store.Write([], isLast: true);
        });
        Guard(_store.Dispose);
        Interlocked.Exchange(ref _busySince, 0);
        _ended.TrySetResult();
    }

    /// <summary>Faults of the disk are the store's; what comes here is a defect. It costs one batch, and neither the thread nor
    /// the process.</summary>
    private void Guard(Action work)
    {
        try
        {
            work();
            _defect = null;
        }
        catch (Exception fault)
        {
            if (_defect != fault.Message)
            {
                _defect = fault.Message;
                LogBroken(fault);
            }
        }
    }

    /// <summary>The requests that wait now and those that come within the batch window of the first event.</summary>
    private List<Work> Gather()
    {
        var batch = new List<Work>();
        var idle = _store.IsIdle ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(1);
        if (!_work.TryTake(out var work, idle))
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
        CountDroppedEvents();
        foreach (var remove in batch.OfType<RemoveWork>())
        {
            _store.Acknowledge(remove.Id);
        }

        var outcomes = _store.Write([.. stores.Select(store => store.TimedEvent)], isLast: _work.IsCompleted);
        foreach (var (store, outcome) in stores.Zip(outcomes))
        {
            store.Done.TrySetResult(outcome);
        }

        foreach (var work in batch)
        {
            switch (work)
            {
                case RemoveWork remove:
                    remove.Done.TrySetResult();
                    break;
                case OldestWork oldest:
                    oldest.Done.TrySetResult(ToWaiting(_store.Oldest(oldest.ExceptTopics)));
                    break;
            }
        }
    }

    private void CountDroppedEvents()
    {
        foreach (var topic in _droppedByTopic.Keys)
        {
            if (_droppedByTopic.TryRemove(topic, out var events))
            {
                _store.CountDropped(topic, events);
            }
        }
    }

    private WaitingEvent? ToWaiting((TimedEvent Pending, long LostBefore)? oldest) => oldest is not var (pending, lost)
        ? null
        : new WaitingEvent(pending.Event, pending.Run == _store.Run ? _time.GetElapsedTime(pending.Timestamp) : null, lost);

    [LoggerMessage(EventId = 60, Level = LogLevel.Critical, Message =
        "The outbox met a defect of this program; events of one moment may be lost. The outbox continues. Please report this with the lines before it.")]
    private partial void LogBroken(Exception fault);

    [LoggerMessage(EventId = 67, Level = LogLevel.Error, Message =
        "The disk of the outbox {Path} has not answered for {Seconds:0} s. The service ends without it; events that it had not taken are lost.")]
    private partial void LogHangs(string path, double seconds);

    private abstract class Work
    {
        /// <summary>Completes it as not done, unless it is complete.</summary>
        public abstract void GiveUp();
    }

    private sealed class StoreWork(TimedEvent timedEvent) : Work
    {
        public TimedEvent TimedEvent => timedEvent;

        public TaskCompletionSource<StoreOutcome> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void GiveUp() => Done.TrySetResult(StoreOutcome.Dropped);
    }

    private sealed class OldestWork(IReadOnlySet<string> exceptTopics) : Work
    {
        public IReadOnlySet<string> ExceptTopics => exceptTopics;

        public TaskCompletionSource<WaitingEvent?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void GiveUp() => Done.TrySetResult(null);
    }

    private sealed class RemoveWork(string id) : Work
    {
        public string Id => id;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void GiveUp() => Done.TrySetResult();
    }
}
