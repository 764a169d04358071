namespace MobileVlm.Edge.Actors.Cluster.Inference;

/// <summary>How many frames of other hosts are being answered. Outlives the actor and the cluster system, so that the limit holds over their
/// restarts. Thread-safe.</summary>
/// <param name="capacity">Most frames at once.</param>
internal sealed class InferenceHostState(int capacity)
{
    private int _working;
    private volatile bool _stopping;

    public int Capacity => capacity;

    /// <summary>Differs after each start of the process.</summary>
    public long Instance { get; } = Random.Shared.NextInt64();

    /// <summary>Frames that are being answered.</summary>
    public int Working => Volatile.Read(ref _working);

    /// <summary>No frame is asked for any more.</summary>
    public bool IsStopping => _stopping;

    /// <summary>Begins to work on a frame.</summary>
    /// <returns>False when the capacity is used up.</returns>
    public bool TryBegin()
    {
        if (Interlocked.Increment(ref _working) <= capacity)
        {
            return true;
        }

        Interlocked.Decrement(ref _working);
        return false;
    }

    public void End() => Interlocked.Decrement(ref _working);

    /// <summary>Asks for no frame any more, and waits until those at work have ended.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        while (Working > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }
    }
}
