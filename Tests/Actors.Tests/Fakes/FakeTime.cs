using Microsoft.Extensions.Time.Testing;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>A clock that stands still until it is moved; timers fire on the mover's thread. <see cref="FakeTimeProvider"/> moves
/// both clocks together and does not report its timers, so this adds a wall clock that can be set on its own and the waits
/// that were requested.</summary>
internal sealed class FakeTime() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 1, 0, 0, TimeSpan.Zero))
{
    private long _wallOffset;

    /// <summary>The waits that were requested, in order.</summary>
    public Recording<TimeSpan> Waits { get; } = new();

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _wallOffset));

    public override long GetTimestamp() => base.GetUtcNow().UtcTicks;

    /// <summary>Sets the wall clock, as a time server does. Timestamps and timers stay as they are.</summary>
    public void SetWall(DateTimeOffset now) => Interlocked.Exchange(ref _wallOffset, (now - base.GetUtcNow()).Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Waits.Add(dueTime);
        return timer;
    }
}
