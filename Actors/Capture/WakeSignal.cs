namespace MobileVlm.Edge.Actors.Capture;

/// <summary>A one-shot wake-up signal: the first <see cref="Set"/> after <see cref="Arm"/> runs the callback; later ones are
/// ignored. Setting an unarmed signal costs nothing, so frames that come while the engine is busy never pile up as messages.
/// Thread-safe.</summary>
internal sealed class WakeSignal
{
    private Action? _callback;

    /// <summary>Another signal that is set too: a second receiver of the same news. Null where only one waits.</summary>
    public WakeSignal? Second { get; init; }

    /// <summary>Arms the signal: the next <see cref="Set"/> runs <paramref name="callback"/>. An earlier <see cref="Set"/> is not
    /// remembered: the caller checks its condition once more after this call.</summary>
    public void Arm(Action callback) => Volatile.Write(ref _callback, callback);

    /// <summary>Disarms the signal unless another callback has been armed since.</summary>
    public void Disarm(Action callback) => Interlocked.CompareExchange(ref _callback, null, callback);

    public void Set()
    {
        // A plain read first: in the common case nobody waits, and the cache line stays shared.
        if (Volatile.Read(ref _callback) is not null)
        {
            Interlocked.Exchange(ref _callback, null)?.Invoke();
        }

        Second?.Set();
    }
}
