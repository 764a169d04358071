namespace MobileVlm.Edge.Actors.Health;

/// <summary>The last moment something happened, on the clock that never jumps. Thread-safe.</summary>
internal sealed class LastMoment
{
    private const long Never = long.MinValue;

    private long _timestamp = Never;

    /// <summary>The timestamp of the steady clock; null when it never happened.</summary>
    public long? Value => Interlocked.Read(ref _timestamp) is var timestamp and not Never ? timestamp : null;

    /// <param name="timestamp">Timestamp of the steady clock.</param>
    public void Set(long timestamp) => Interlocked.Exchange(ref _timestamp, timestamp);

    /// <summary>The same by the wall clock; null when it never happened, or while the time is not known.</summary>
    public DateTimeOffset? At(ClockMonitor clock) => Value is { } timestamp ? clock.At(timestamp) : null;
}
