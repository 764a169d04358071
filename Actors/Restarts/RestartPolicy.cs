using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>Decides when one actor is restarted after a failure, and whether at all.</summary>
/// <param name="settings">Budget and waits.</param>
/// <param name="isEndless">The budget does not count.</param>
/// <param name="random">Uniform in 0..1.</param>
/// <param name="time">A steady clock.</param>
internal sealed class RestartPolicy(
    SupervisionSettings settings, bool isEndless, Func<double> random, TimeProvider time)
{
    private readonly RestartWindow _window = new(settings.Budget, time);
    private readonly Backoff _backoff = new(settings.Backoff, random);
    private long? _failedAt;

    /// <summary>Counts one more failure.</summary>
    /// <param name="wait">Before the restart; zero restarts at once.</param>
    /// <returns>False when the budget is used up.</returns>
    public bool TryRestart(out TimeSpan wait)
    {
        var isFirst = _failedAt is not { } before || time.GetElapsedTime(before) >= settings.Backoff.GoodRun;
        _failedAt = time.GetTimestamp();
        if (isFirst)
        {
            _backoff.Reset();
        }

        wait = isFirst ? TimeSpan.Zero : _backoff.Next();
        return isEndless || _window.TryRestart();
    }
}
