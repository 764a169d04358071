namespace MobileVlm.Edge.Actors.Pacing;

/// <summary>Measures how much the engine works, and says when it has to rest so that it works at most a share of the time. After work it
/// rests until the share is kept again; work that nobody delays, such as answers to people, prolongs the next rest. Thread-safe.</summary>
internal sealed class EngineDuty : IDisposable
{
    /// <summary>The longest rest, however much was asked before.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    /// <summary>Time constant of <see cref="BusyShare"/>, in seconds.</summary>
    private const double ShareWindow = 60;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Action _onRestEnded;
    private ITimer? _restEnds;
    private double _limit = 1;
    private int _working;
    private long _at;

    /// <summary>Seconds of work that are not covered by the share yet; zero or less.</summary>
    private double _balance;
    private double _busyShare;
    private TimeSpan _lastRest;

    /// <param name="onRestEnded">Called when a rest ends, on a thread of the pool.</param>
    /// <param name="time">A steady clock.</param>
    public EngineDuty(Action onRestEnded, TimeProvider time)
    {
        (_onRestEnded, _time) = (onRestEnded, time);
        _at = time.GetTimestamp();
    }

    /// <summary>The share of time that the engine may work, above 0; 1 for no limit.</summary>
    public double Limit
    {
        get
        {
            lock (_lock)
            {
                return _limit;
            }
        }

        set
        {
            lock (_lock)
            {
                Advance();
                _limit = Math.Clamp(value, 0.01, 1);
                Schedule();
            }
        }
    }

    /// <summary>The share of about the last minute in which the engine worked.</summary>
    public double BusyShare
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return _busyShare;
            }
        }
    }

    /// <summary>Whether no standing question is to be asked now.</summary>
    public bool IsResting
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return Remaining > TimeSpan.Zero;
            }
        }
    }

    /// <summary>How long the engine rests or rested last; zero without a limit. A frame that waited for it may be older by this, so that a
    /// camera with few frames is asked too.</summary>
    public TimeSpan LastRest
    {
        get
        {
            lock (_lock)
            {
                return _limit < 1 ? _lastRest : TimeSpan.Zero;
            }
        }
    }

    private TimeSpan Remaining => _limit < 1 && _balance < 0 ? TimeSpan.FromSeconds(-_balance / _limit) : TimeSpan.Zero;

    /// <summary>Runs work of the engine.</summary>
    public T Measure<T>(Func<T> work)
    {
        Change(1);
        try
        {
            return work();
        }
        finally
        {
            Change(-1);
        }
    }

    public void Dispose() => _restEnds?.Dispose();

    private void Change(int by)
    {
        lock (_lock)
        {
            Advance();
            _working += by;
            if (_working == 0)
            {
                _lastRest = Remaining;
                Schedule();
            }
        }
    }

    private void Schedule()
    {
        if (_working == 0 && Remaining is var rest && rest > TimeSpan.Zero)
        {
            // A little later, so that the rest has ended for sure when it fires.
            var due = rest + TimeSpan.FromMilliseconds(1);
            if (_restEnds is null)
            {
                _restEnds = _time.CreateTimer(_ => _onRestEnded(), null, due, Timeout.InfiniteTimeSpan);
            }
            else
            {
                _restEnds.Change(due, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Advance()
    {
        var now = _time.GetTimestamp();
        var passed = _time.GetElapsedTime(_at, now).TotalSeconds;
        _at = now;
        var busy = _working > 0 ? 1 : 0;
        _balance = _limit < 1
            ? Math.Clamp(_balance + ((_limit - busy) * passed), -LongestRest.TotalSeconds * _limit, 0)
            : 0;
        if (_balance > -1e-6)
        {
            _balance = 0;
        }

        _busyShare += (busy - _busyShare) * (1 - Math.Exp(-passed / ShareWindow));
    }
}
