namespace MobileVlm.Edge.Actors.Health;

/// <summary>A number that only grows. Thread-safe.</summary>
internal sealed class Counter
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    /// <returns>The new value.</returns>
    public long Increment() => Interlocked.Increment(ref _value);
}

/// <summary>The last moment something happened. Thread-safe.</summary>
internal sealed class LastMoment
{
    private long _utcTicks;

    /// <summary>Null when it never happened.</summary>
    public DateTimeOffset? Value =>
        Interlocked.Read(ref _utcTicks) is var ticks and not 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public void Set(DateTimeOffset moment) => Interlocked.Exchange(ref _utcTicks, moment.UtcTicks);
}
