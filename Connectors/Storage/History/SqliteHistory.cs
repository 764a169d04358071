using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>The history in one SQLite file and one file per snapshot. Its own thread does all that touches the disk; those who record
/// never wait for it.</summary>
/// <remarks>Bounded by <see cref="HistorySettings.MaxBytes"/>, <see cref="HistorySettings.MaxAge"/> and
/// <see cref="HistorySettings.MinFreeBytes"/>: the oldest data is deleted first, events that are kept last. A damaged file is renamed and
/// a new one begun. While the disk cannot be used, nothing is recorded, which is counted, and it is tried again until it can.</remarks>
public sealed partial class SqliteHistory : IHistory
{
    /// <summary>A disk that takes longer over one piece of work is reported as hanging.</summary>
    private static readonly TimeSpan HangsAfter = TimeSpan.FromSeconds(10);

    private readonly HistorySettings _settings;
    private readonly HistoryStore _store;
    private readonly ILogger _logger;
    private readonly BlockingCollection<Work> _work;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _closing = new();
    private bool _isClosed;
    private long _busySince;
    private long _waitingBytes;
    private long _droppedAnswers;
    private long _droppedSnapshots;
    private string? _defect;

    private SqliteHistory(HistorySettings settings, HistoryStore store, ILogger logger)
    {
        (_settings, _store, _logger) = (settings, store, logger);
        _work = new BlockingCollection<Work>(settings.MaxWaiting);
        new Thread(Serve) { Name = "mvlm-history", IsBackground = true }.Start();
    }

    /// <inheritdoc/>
    public HistoryStats Stats
    {
        get
        {
            var stats = _store.Stats;
            var busySince = Interlocked.Read(ref _busySince);
            return stats with
            {
                Dropped = stats.Dropped + Interlocked.Read(ref _droppedAnswers),
                SnapshotsDropped = stats.SnapshotsDropped + Interlocked.Read(ref _droppedSnapshots),
                Storage = busySince != 0 && Environment.TickCount64 - busySince > HangsAfter.TotalMilliseconds
                    ? new StorageCondition(StorageKind.Hanging, "the disk does not answer")
                    : stats.Storage,
            };
        }
    }

    /// <summary>Begins to record. Returns at once; the files are opened by the history's own thread.</summary>
    public static SqliteHistory Open(HistorySettings settings, TimeProvider time, ILogger<SqliteHistory> logger)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Open(settings, new HistoryFiles(settings), HistoryDatabase.Open, time, logger);
    }

    internal static SqliteHistory Open(
        HistorySettings settings, HistoryFiles files, Func<string, HistoryDatabase> open, TimeProvider time, ILogger logger) =>
        new(settings, new HistoryStore(settings, files, open, time, logger), logger);

    /// <inheritdoc/>
    public void Record(HistoryFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (frame.Snapshot is { } jpeg && Interlocked.Add(ref _waitingBytes, jpeg.Length) > _settings.MaxWaitingBytes)
        {
            Interlocked.Add(ref _waitingBytes, -jpeg.Length);
            Interlocked.Increment(ref _droppedSnapshots);
            frame = frame with { Snapshot = null };
        }

        if (!TryGive(new RecordWork(frame)))
        {
            Interlocked.Add(ref _waitingBytes, -(frame.Snapshot?.Length ?? 0));
            Interlocked.Add(ref _droppedAnswers, frame.Answers.Count);
        }
    }

    /// <inheritdoc/>
    public Task<HistoryTimeline> TimelineAsync(TimelineQuery query, CancellationToken cancel) => AskAsync(() => _store.Timeline(query), cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredAnswer>> AnswersAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel) =>
        AskAsync(
            () => _store.Read(database => database.Answers(camera, question, from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds(), limit)), cancel);

    /// <inheritdoc/>
    public Task<EventPage> EventsAsync(EventQuery query, CancellationToken cancel) =>
        AskAsync(() => _store.Read(database => database.FindEvents(query)), cancel);

    /// <inheritdoc/>
    public Task<StoredEvent?> EventAsync(Guid id, CancellationToken cancel) =>
        AskAsync(() => _store.Read(database => database.FindEvent(id)), cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ScoredSnapshot>> SnapshotsAsync(SnapshotQuery query, CancellationToken cancel) =>
        AskAsync(() => _store.Read(database => database.Snapshots(query)), cancel);

    /// <inheritdoc/>
    public Task<byte[]?> SnapshotAsync(long id, CancellationToken cancel) => AskAsync(() => _store.Snapshot(id), cancel);

    /// <inheritdoc/>
    public Task<string?> BeginClipAsync(string camera, DateTimeOffset at, long frame, long bytes, CancellationToken cancel) =>
        AskAsync(() => _store.BeginClip(new SnapshotName(camera, at.ToUnixTimeMilliseconds(), frame), bytes), cancel);

    /// <inheritdoc/>
    public Task<bool> EndClipAsync(string camera, DateTimeOffset at, long frame, bool isWritten, CancellationToken cancel) =>
        AskAsync(() => _store.EndClip(new SnapshotName(camera, at.ToUnixTimeMilliseconds(), frame), isWritten), cancel);

    /// <inheritdoc/>
    public Task<StoredClip> ClipAsync(Guid id, CancellationToken cancel) => AskAsync(() => _store.Clip(id), cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredFrame>> FramesAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel) =>
        AskAsync(
            () => _store.Read(database => database.Frames(camera, question, from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds(), limit)), cancel);

    /// <inheritdoc/>
    public Task<bool> KeepAsync(Guid id, bool keep, CancellationToken cancel) => AskAsync(() => _store.Keep(id, keep), cancel);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(Guid id, CancellationToken cancel) => AskAsync(() => _store.Delete(id), cancel);

    /// <inheritdoc/>
    public Task<(long Answers, long Events, long Snapshots)> DeleteAsync(
        string camera, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel) => AskAsync(() => _store.Delete(camera, from, to), cancel);

    /// <summary>Writes what is not written yet, then closes the files. Waits no longer than
    /// <see cref="HistorySettings.CloseWithin"/> for a disk that does not answer. May be called twice.</summary>
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

        try
        {
            await _ended.Task.WaitAsync(_settings.CloseWithin);
        }
        catch (TimeoutException)
        {
            LogHangs(_settings.Folder, _settings.CloseWithin.TotalSeconds);
        }
    }

    /// <returns>False when it is closed, or too much waits for the disk.</returns>
    private bool TryGive(Work work)
    {
        lock (_closing)
        {
            return !_isClosed && _work.TryAdd(work);
        }
    }

    private async Task<T> AskAsync<T>(Func<T> query, CancellationToken cancel)
    {
        var ask = new AskWork<T>(query);
        if (!TryGive(ask))
        {
            throw new HistoryUnavailableException("its disk is too slow");
        }

        try
        {
            return await ask.Done.Task.WaitAsync(_settings.CloseWithin, cancel);
        }
        catch (TimeoutException)
        {
            throw new HistoryUnavailableException("its disk does not answer");
        }
    }

    private void Serve()
    {
        Interlocked.Exchange(ref _busySince, Environment.TickCount64);
        Guard(() => _store.Tick());
        Interlocked.Exchange(ref _busySince, 0);
        while (!_work.IsCompleted)
        {
            var isWork = _work.TryTake(out var work, _store.NextTick);
            Interlocked.Exchange(ref _busySince, Environment.TickCount64);
            Guard(() =>
            {
                if (isWork)
                {
                    Do(work!);
                }

                _store.Tick();
            });
            Interlocked.Exchange(ref _busySince, 0);
        }

        Interlocked.Exchange(ref _busySince, Environment.TickCount64);
        Guard(() => _store.Tick(isLast: true));
        Guard(_store.Dispose);
        Interlocked.Exchange(ref _busySince, 0);
        _ended.TrySetResult();
    }

    private void Do(Work work)
    {
        if (work is RecordWork { Frame: var frame })
        {
            Interlocked.Add(ref _waitingBytes, -(frame.Snapshot?.Length ?? 0));
            _store.Write(frame);
        }
        else
        {
            work.Run();
        }
    }

    /// <summary>Faults of the disk are the store's; what comes here is a defect. It ends neither the thread nor the process.</summary>
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

    [LoggerMessage(EventId = 6, Level = LogLevel.Critical, Message =
        "The history met a defect of this program; answers of one moment may be missing in it. It continues. Please report this with the lines before it.")]
    private partial void LogBroken(Exception fault);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message =
        "The disk of the history in {Folder} has not answered for {Seconds:0} s. The service ends without it; answers that it had not taken are lost.")]
    private partial void LogHangs(string folder, double seconds);

    private abstract class Work
    {
        public virtual void Run()
        {
        }
    }

    private sealed class RecordWork(HistoryFrame frame) : Work
    {
        public HistoryFrame Frame => frame;
    }

    private sealed class AskWork<T>(Func<T> query) : Work
    {
        public TaskCompletionSource<T> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Run()
        {
            try
            {
                Done.TrySetResult(query());
            }
            catch (Exception fault)
            {
                Done.TrySetException(fault);
            }
        }
    }
}
