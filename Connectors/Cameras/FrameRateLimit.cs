namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Thins pictures to a rate: from the first picture on time is cut into slots, and the first picture of each
/// is admitted. Unlike a least distance this reaches the asked rate when it does not divide the source's, and it never
/// doubles pictures.</summary>
internal sealed class FrameRateLimit(double? perSecond)
{
    /// <summary>Timestamps are rounded; a picture that is due at a slot's start must not fall into the one before.</summary>
    private const double Rounding = 0.001;

    private TimeSpan? _first;
    private double _slot = double.NaN;

    /// <param name="at">Time of the picture; a step backwards (a file starts again) admits it.</param>
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
