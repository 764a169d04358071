namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>Maps a file's timestamps to the clock. Believes steps, not values: files begin at any time, and one
/// damaged timestamp must not delay playback for hours.</summary>
internal sealed class PlaybackPace(double speed)
{
    /// <summary>A longer step, or one backwards, is damage or a cut; the next frame is due at once.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(10);

    private TimeSpan? _last;
    private TimeSpan _due;

    /// <summary>Computes when the frame is due.</summary>
    /// <param name="at">The frame's time by the file.</param>
    /// <param name="now">Now, by the clock that the answer is in.</param>
    public TimeSpan Due(TimeSpan at, TimeSpan now)
    {
        var step = at - _last;
        _due = step >= TimeSpan.Zero && step <= LongestStep ? _due + (step.Value / speed) : now;
        _last = at;
        return _due;
    }
}
