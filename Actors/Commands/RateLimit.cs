using MobileVlm.Edge.Actors.Settings;
namespace MobileVlm.Edge.Actors.Commands;

/// <summary>A token bucket: a burst at once, then a number per second. One caller at a time.</summary>
internal sealed class RateLimit(CommandSettings settings, TimeProvider time)
{
    private double _left = settings.Burst;
    private long _at = time.GetTimestamp();

    /// <summary>False when this one is too many.</summary>
    public bool TryPass()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(settings.Burst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * settings.PerSecond));
        _at = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
