using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>How many frames may be between selection and answer, and which they are. One when the stages take
/// turns, so that a picture is never chosen before the decoder is free; two when they overlap. Thread-safe.</summary>
internal sealed class InFlightLimit(int places, WakeSignal bell, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<(InFlightFrame Walk, long Since)> _walks = new(places);
    private long _moved;
    private long? _nudged;

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

    /// <summary>How long nothing has moved that should have: a frame is in here and got no further, or the stage that
    /// picks frames did not hear a <see cref="Nudge"/>. Zero when all is well.</summary>
    public TimeSpan StuckFor
    {
        get
        {
            lock (_lock)
            {
                var frame = _walks.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(_moved);
                var picker = _nudged is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;
                return frame > picker ? frame : picker;
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
    public InFlightFrame Admit(IFrameIntake lane, PickedFrame picked)
    {
        var walk = new InFlightFrame(lane, picked, this);
        lock (_lock)
        {
            _moved = time.GetTimestamp();
            _walks.Add((walk, _moved));
        }

        return walk;
    }

    /// <summary>A frame in here got further: it was looked at, or one of its questions was answered.</summary>
    public void Moved()
    {
        lock (_lock)
        {
            _moved = time.GetTimestamp();
        }
    }

    /// <summary>Has the stage that picks frames show that it lives, on an idle box too.</summary>
    public void Nudge()
    {
        lock (_lock)
        {
            _nudged ??= time.GetTimestamp();
        }

        bell.Set();
    }

    /// <summary>The stage that picks frames is at work.</summary>
    public void Picking()
    {
        lock (_lock)
        {
            _nudged = null;
        }
    }

    public void Release(InFlightFrame walk)
    {
        lock (_lock)
        {
            _walks.RemoveAll(entry => entry.Walk == walk);
            _moved = time.GetTimestamp();
        }

        bell.Set();
    }

    /// <summary>Ends what a failed or stopped pipeline left behind. Only once no thread works on it any more.</summary>
    /// <returns>The frames that were lost.</returns>
    public IReadOnlyList<InFlightFrame> AbandonAll()
    {
        InFlightFrame[] lost;
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
