namespace MobileVlm.Edge.Actors.Commands;

/// <summary>Lets so many through at once and so many a second after that (a token bucket). For one thread.</summary>
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
