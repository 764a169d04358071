namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>The wall clock beside the one that never jumps, at one moment: two of them show whether the wall clock was set
/// in between. Devices without a battery for their clock begin years ago and get the time later.</summary>
internal readonly record struct WallClock(DateTimeOffset Wall, long Timestamp)
{
    private static readonly TimeSpan SmallestJump = TimeSpan.FromMinutes(1);

    public static WallClock Read(TimeProvider time) => new(time.GetUtcNow(), time.GetTimestamp());

    /// <summary>By how much the clock was set since then, or null when it was not.</summary>
    public TimeSpan? JumpTo(WallClock now, TimeProvider time)
    {
        var jump = now.Wall - Wall - time.GetElapsedTime(Timestamp, now.Timestamp);
        return jump.Duration() >= SmallestJump ? jump : null;
    }
}
