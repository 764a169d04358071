namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>How many frames may be between selection and answer, and which they are. One when the stages take
/// turns, so that a picture is never chosen before the decoder is free; two when they overlap. Thread-safe.</summary>
internal sealed class PipelinePlaces(int places, Doorbell bell, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<(FrameWalk Walk, long Since)> _walks = new(places);

    /// <summary>How long the oldest frame has been here; zero when there is none.</summary>
    public TimeSpan BusyFor
    {
        get
        {
            lock (_lock)
            {
                return _walks.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(_walks[0].Since);
            }
        }
    }

    public bool HasRoom
    {
        get
        {
            lock (_lock)
            {
                return _walks.Count < places;
            }
        }
    }

    /// <summary>Takes a place and the frame.</summary>
    public FrameWalk Enter(IFrameLane lane, PickedFrame picked)
    {
        var walk = new FrameWalk(lane, picked, this);
        lock (_lock)
        {
            _walks.Add((walk, time.GetTimestamp()));
        }

        return walk;
    }

    public void Leave(FrameWalk walk)
    {
        lock (_lock)
        {
            _walks.RemoveAll(entry => entry.Walk == walk);
        }

        bell.Ring();
    }

    /// <summary>Ends what a failed or stopped pipeline left behind. Only once no thread works on it any more.</summary>
    /// <returns>The frames that were lost.</returns>
    public IReadOnlyList<FrameWalk> GiveUp()
    {
        FrameWalk[] lost;
        lock (_lock)
        {
            lost = [.. _walks.Select(entry => entry.Walk)];
        }

        foreach (var walk in lost)
        {
            walk.Dispose();
        }

        return lost;
    }
}
