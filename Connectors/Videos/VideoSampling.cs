using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>Which frames of a video are read. Sample number k shows what a player shows at <c>From + k * Every</c>: the last frame that
/// began at or before that time. Time 0 is the beginning of the file, whatever its timestamps begin with.</summary>
/// <param name="Every">Time between two samples; above zero.</param>
public sealed record VideoSampling(TimeSpan Every)
{
    /// <summary>Time of the first sample; zero or more.</summary>
    public TimeSpan From { get; init; }

    /// <summary>Samples are before this time; null reads to the end.</summary>
    public TimeSpan? To { get; init; }

    /// <summary>A wider frame is scaled down to this width, in pixels.</summary>
    public int MaxWidth { get; init; } = FramePool.MaxSide;

    /// <summary>Time of a sample.</summary>
    /// <param name="index">Counted from 0.</param>
    public TimeSpan TimeOf(long index) => From + (index * Every);

    /// <summary>Number of samples before a time.</summary>
    public long CountBefore(TimeSpan end) => end <= From ? 0 : ((end - From).Ticks + Every.Ticks - 1) / Every.Ticks;
}
