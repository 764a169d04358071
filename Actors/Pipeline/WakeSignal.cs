namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Wakes one sleeper, once for each time it lay down: ringing while nobody sleeps costs nothing, so frames
/// that come while the engine is busy never pile up as messages. Thread-safe.</summary>
internal sealed class WakeSignal
{
    private Action? _wake;

    /// <summary>From now on the next ring calls <paramref name="wake"/>. What rang before is not remembered: the
    /// sleeper looks once more after this call.</summary>
    public void Arm(Action wake) => Volatile.Write(ref _wake, wake);

    /// <summary>Wakes no more, unless somebody else sleeps here by now.</summary>
    public void Disarm(Action wake) => Interlocked.CompareExchange(ref _wake, null, wake);

    public void Set()
    {
        // A plain read first keeps the common case, nobody asleep, off the bus.
        if (Volatile.Read(ref _wake) is not null)
        {
            Interlocked.Exchange(ref _wake, null)?.Invoke();
        }
    }
}
