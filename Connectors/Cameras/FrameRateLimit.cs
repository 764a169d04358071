namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Thins frames to a rate: from the first frame on time is cut into slots, and the first frame of each
/// is admitted. A minimum interval between frames would miss the requested rate when it does not divide the source's
/// rate; slots reach it. Frames are never doubled.</summary>
internal sealed class FrameRateLimit(double? perSecond)
{
    /// <summary>Timestamps are rounded; a frame that is due at a slot's start must not fall into the one before.</summary>
    private const double Rounding = 0.001;

    private TimeSpan? _first;
    private double _slot = double.NaN;

    /// <param name="at">Time of the frame; a step backwards (a file starts again) admits it.</param>
    public bool Admit(TimeSpan at)
    {
        if (perSecond is not { } rate)
        {
            return true;
        }

        _first ??= at;
        var slot = Math.Floor(((at - _first.Value).TotalSeconds * rate) + Rounding);
        if (slot.Equals(_slot))
        {
            return false;
        }

        _slot = slot;
        return true;
    }
}
