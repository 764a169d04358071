namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>The limits of the steps of a stop. Each limit is a moment, not a duration: what ends early leaves its time
/// to what follows. Not thread-safe to dispose.</summary>
internal sealed class StopLimits : IDisposable
{
    private readonly List<CancellationTokenSource> _sources = [];
    private readonly TimeProvider _time;
    private readonly TimeSpan _within;
    private readonly long _startedAt;

    public StopLimits(TimeSpan within, TimeProvider time)
    {
        (_within, _time, _startedAt) = (within, time, time.GetTimestamp());
        Supervisor = At(0.1);
        CancelAnswers = At(0.5);
        Answers = At(RemainingShare - 0.1);
        Remaining = At(RemainingShare);
        Disconnect = At(0.87);
        Engine = At(0.96);
        Close = At(0.98);
        All = At(1);
    }

    /// <summary>Share of the stop's time in which waiting messages may be sent; the time after it is reserved for <c>stopped</c>.</summary>
    private const double RemainingShare = 0.75;

    /// <summary>End of the supervisor's time to answer.</summary>
    public CancellationToken Supervisor { get; }

    /// <summary>An answer in progress may finish until here; then it is cancelled.</summary>
    public CancellationToken CancelAnswers { get; }

    /// <summary>End of the time for a cancelled answer, and the cameras, to return.</summary>
    public CancellationToken Answers { get; }

    /// <summary>End of the time for sending waiting messages.</summary>
    public CancellationToken Remaining { get; }

    /// <summary>Limit for <c>stopped</c> and the disconnect.</summary>
    public CancellationToken Disconnect { get; }

    /// <summary>End of the time for disposing sessions.</summary>
    public CancellationToken Engine { get; }

    /// <summary>End of the time for closing the outbox and the connection.</summary>
    public CancellationToken Close { get; }

    /// <summary>The end.</summary>
    public CancellationToken All { get; }

    /// <summary>Time left until <see cref="Remaining"/>; zero at least.</summary>
    public TimeSpan TimeForRemaining
    {
        get
        {
            var left = (_within * RemainingShare) - _time.GetElapsedTime(_startedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public void Dispose()
    {
        foreach (var source in _sources)
        {
            source.Dispose();
        }
    }

    private CancellationToken At(double share)
    {
        var source = new CancellationTokenSource(_within * share, _time);
        _sources.Add(source);
        return source.Token;
    }
}
