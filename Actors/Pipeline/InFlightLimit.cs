using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Limits the number of frames between selection and answer, and lists them. One when the stages take turns, so that
/// a frame is never selected before the decoder is free; two when they overlap. Thread-safe.</summary>
internal sealed class InFlightLimit(int maxFrames, WakeSignal wake, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<InFlightFrame> _frames = [];
    private long _progressAt;
    private long? _nudgedAt;
    private volatile bool _isSelecting;

    /// <summary>How long nothing has progressed that should have: a frame in the pipeline does not advance, or the stage
    /// that selects frames did not react to a <see cref="Nudge"/>. Zero when nothing is stuck.</summary>
    public TimeSpan StuckFor
    {
        get
        {
            lock (_lock)
            {
                var frame = _frames.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(_progressAt);
                var selection = _nudgedAt is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;
                return frame > selection ? frame : selection;
            }
        }
    }

    public bool HasCapacity
    {
        get
        {
            lock (_lock)
            {
                return _frames.Count < maxFrames;
            }
        }
    }

    /// <summary>Whether no frame is in flight.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _frames.Count == 0;
            }
        }
    }

    /// <summary>A frame is being selected: it may wait no longer and not be in flight yet. Set by the stage that selects.</summary>
    public bool IsSelecting
    {
        get => _isSelecting;
        set => _isSelecting = value;
    }

    /// <summary>Takes over a selected frame, which counts until it is disposed.</summary>
    public InFlightFrame Admit(IFrameIntake intake, PickedFrame picked)
    {
        var frame = new InFlightFrame(intake, picked, this)
        {
            AgeAtSelection = time.GetElapsedTime(picked.Frame.CapturedTimestamp),
        };
        foreach (var question in picked.AdHocQuestions)
        {
            question.MarkInFlight();
        }

        lock (_lock)
        {
            _progressAt = time.GetTimestamp();
            _frames.Add(frame);
        }

        return frame;
    }

    /// <summary>A frame advanced: it was encoded, or one of its questions was answered.</summary>
    public void ReportProgress()
    {
        lock (_lock)
        {
            _progressAt = time.GetTimestamp();
        }
    }

    /// <summary>Makes the stage that selects frames show that it lives, also while no frame comes.</summary>
    public void Nudge()
    {
        lock (_lock)
        {
            _nudgedAt ??= time.GetTimestamp();
        }

        wake.Set();
    }

    /// <summary>Whether the stage that selects frames has not reacted to a nudge yet.</summary>
    public bool IsNudged
    {
        get
        {
            lock (_lock)
            {
                return _nudgedAt is not null;
            }
        }
    }

    /// <summary>The stage that selects frames has reacted.</summary>
    public void AcknowledgeNudge()
    {
        lock (_lock)
        {
            _nudgedAt = null;
        }
    }

    /// <summary>The frame has left the pipeline.</summary>
    public void Release(InFlightFrame frame)
    {
        lock (_lock)
        {
            _frames.Remove(frame);
            _progressAt = time.GetTimestamp();
        }

        wake.Set();
    }

    /// <summary>Disposes the frames that a failed or stopped pipeline left behind. Only once no thread works on them.</summary>
    /// <returns>The frames that were lost.</returns>
    public IReadOnlyList<InFlightFrame> AbandonAll()
    {
        InFlightFrame[] lost;
        lock (_lock)
        {
            lost = [.. _frames];
        }

        foreach (var frame in lost)
        {
            frame.Dispose();
        }

        return lost;
    }
}
