using System.Globalization;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Order in which waiting requests get their turn.</summary>
internal enum RequestPriority
{
    /// <summary>Somebody watches for the answer: it has a picture or is streamed.</summary>
    Interactive,

    /// <summary>Text alone, in one piece: background requests of chat pages, benchmarks.</summary>
    Background,
}

/// <summary>The bounded queue for the model: one request has its turn, the others wait by priority and then by arrival. A client
/// that leaves gives its place up. Thread-safe.</summary>
/// <param name="maxWaiting">Most requests that wait.</param>
/// <param name="within">Longest wait.</param>
/// <param name="time">Paces the waits.</param>
internal sealed class RequestQueue(int maxWaiting, TimeSpan within, TimeProvider time)
{
    /// <summary>Bytes of the pictures of admitted requests; the first one may be larger.</summary>
    public const long MaxWaitingBytes = 128 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly List<Entry> _waiting = [];
    private bool _isTaken;
    private TimeSpan _lastTurn = TimeSpan.FromSeconds(2);
    private int _admitted;
    private long _admittedBytes;

    /// <summary>How many requests wait.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Longest wait.</summary>
    public TimeSpan Within => within;

    /// <summary>Waits for the turn, which ends when the result is disposed.</summary>
    /// <exception cref="HttpFailureException">Too many wait, or the turn did not come in time.</exception>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public async Task<IDisposable> EnterAsync(RequestPriority priority, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Entry entry;
        lock (_lock)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return new Turn(this, time.GetTimestamp());
            }

            if (_waiting.Count + _admitted >= maxWaiting)
            {
                throw Busy(string.Create(CultureInfo.InvariantCulture, $"{_waiting.Count + _admitted} requests wait already"));
            }

            entry = new Entry(priority);
            var at = _waiting.FindIndex(other => other.Priority > priority);
            _waiting.Insert(at < 0 ? _waiting.Count : at, entry);
        }

        try
        {
            await entry.Called.Task.WaitAsync(within, time, cancel);
        }
        catch (Exception reason) when (reason is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                if (_waiting.Remove(entry))
                {
                    throw reason is TimeoutException
                        ? Busy(string.Create(CultureInfo.InvariantCulture, $"the model was busy for {within.TotalSeconds:0} s; try again later"))
                        : new OperationCanceledException(cancel);
                }
            }

            // The turn came at the same moment.
            new Turn(this, time.GetTimestamp()).Dispose();
            cancel.ThrowIfCancellationRequested();
            throw Busy("the model was busy; try again later");
        }

        return new Turn(this, time.GetTimestamp());
    }

    /// <summary>Counts a request that needs no turn, because the model answers it between two pieces of a text: a question about a
    /// camera or a picture. It counts among those that wait until the result is disposed.</summary>
    /// <param name="bytes">Bytes of its picture.</param>
    /// <exception cref="HttpFailureException">Too many wait, or their pictures take too much memory.</exception>
    public IDisposable Admit(long bytes)
    {
        lock (_lock)
        {
            if (_waiting.Count + _admitted >= maxWaiting)
            {
                throw Busy(string.Create(CultureInfo.InvariantCulture, $"{_waiting.Count + _admitted} requests wait already"));
            }

            if (_admitted > 0 && _admittedBytes + bytes > MaxWaitingBytes)
            {
                throw Busy(string.Create(CultureInfo.InvariantCulture, $"the pictures of waiting requests have {_admittedBytes / (1024 * 1024)} MiB already"));
            }

            (_admitted, _admittedBytes) = (_admitted + 1, _admittedBytes + bytes);
            return new Admission(this, bytes);
        }
    }

    private HttpFailureException Busy(string message)
    {
        lock (_lock)
        {
            return HttpFailureException.Busy(message, _lastTurn * (_waiting.Count + _admitted + 1));
        }
    }

    private void Leave(long since)
    {
        lock (_lock)
        {
            _lastTurn = time.GetElapsedTime(since);
            if (_waiting.Count == 0)
            {
                _isTaken = false;
                return;
            }

            var next = _waiting[0];
            _waiting.RemoveAt(0);
            next.Called.SetResult();
        }
    }

    private sealed record Entry(RequestPriority Priority)
    {
        public TaskCompletionSource Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void EndAdmission(long bytes)
    {
        lock (_lock)
        {
            (_admitted, _admittedBytes) = (_admitted - 1, _admittedBytes - bytes);
        }
    }

    private sealed class Admission(RequestQueue queue, long bytes) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                queue.EndAdmission(bytes);
            }
        }
    }

    private sealed class Turn(RequestQueue queue, long since) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                queue.Leave(since);
            }
        }
    }
}
