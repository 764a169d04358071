namespace MobileVlm.Edge.Actors.Scanning;

/// <summary>The time of a video, so that the scene gate measures ages of answers in it and not in the time of the machine.</summary>
internal sealed class VideoClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Sets the time to that of a sample.</summary>
    public void Set(TimeSpan time) => Interlocked.Exchange(ref _ticks, time.Ticks);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);
}
