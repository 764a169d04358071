using Akka.Actor.Internal;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Makes actors fail in the middle of their work: wherever they read the clock, start a timer or log.</summary>
internal sealed class Crashes
{
    private int _made;

    /// <summary>Asked at each such point with the name of the actor; true makes it fail there. On many threads.</summary>
    public Func<string, bool>? ShouldFail { get; set; }

    public int Made => Volatile.Read(ref _made);

    public void Point()
    {
        if (ShouldFail is { } should && InternalCurrentActorCellKeeper.Current is { } cell && should(cell.Self.Path.Name))
        {
            Interlocked.Increment(ref _made);
            throw new InvalidOperationException("as the test wants");
        }
    }
}

/// <summary>A clock that can make its readers fail.</summary>
internal sealed class CrashingTime(TimeProvider inner, Crashes crashes) : TimeProvider
{
    public override long TimestampFrequency => inner.TimestampFrequency;

    public override long GetTimestamp()
    {
        crashes.Point();
        return inner.GetTimestamp();
    }

    public override DateTimeOffset GetUtcNow()
    {
        crashes.Point();
        return inner.GetUtcNow();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        crashes.Point();
        return inner.CreateTimer(callback, state, dueTime, period);
    }
}
