using MobileVlm.Edge.Actors.Settings;
namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>Waits that double up to a limit, with random jitter.</summary>
/// <param name="settings">Limits and jitter.</param>
/// <param name="random">Uniform in 0..1.</param>
internal sealed class Backoff(ReconnectSettings settings, Func<double> random)
{
    // 2^30 times any useful minimum is beyond any useful maximum, and cannot overflow.
    private const int MaxDoublings = 30;

    private int _failures;

    /// <summary>The wait after one more failure; never above the maximum.</summary>
    public TimeSpan Next()
    {
        var doubled = settings.Min.Ticks * Math.Pow(2, Math.Min(_failures, MaxDoublings));
        _failures++;
        var capped = Math.Min(doubled, settings.Max.Ticks);
        // Only ever shorter: the configured maximum stays a promise.
        return TimeSpan.FromTicks((long)(capped * (1 - (settings.Jitter * random()))));
    }

    /// <summary>The longest wait, for faults that somebody has to fix.</summary>
    public TimeSpan NextLongest()
    {
        _failures = MaxDoublings;
        return Next();
    }

    public void Reset() => _failures = 0;
}
