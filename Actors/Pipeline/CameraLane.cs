using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Where one camera meets the pipeline: the capture thread offers, the pipeline picks. It outlives each
/// pipeline, so that a replaced engine goes on with the newest frame.</summary>
internal sealed class CameraLane
{
    private readonly Doorbell _bell;
    private readonly TimeSpan _maxFrameAge;
    private readonly TimeProvider _time;
    private readonly NewestFrame _newest = new();
    private readonly QuestionSchedule _schedule;

    // Of the picture that was picked last: another region of it may be asked about still.
    private readonly List<PictureRegion?> _looked = [];
    private FrameSequence _lookedAt;
    private volatile CameraPlan _plan;
    private volatile SceneGate? _gate;

    public CameraLane(
        CameraPlan plan,
        CameraCounters counters,
        QuestionBoard board,
        Doorbell bell,
        TimeSpan maxFrameAge,
        TimeProvider time)
    {
        _plan = plan;
        _gate = GateOf(plan, time);
        Counters = counters;
        _bell = bell;
        _maxFrameAge = maxFrameAge;
        _time = time;
        _schedule = new QuestionSchedule(plan.Questions, question => board.GateOf(plan.Id, question) is null, time);
    }

    public CameraPlan Plan => _plan;

    public CameraCounters Counters { get; }

    /// <summary>Null where every picture is asked about.</summary>
    public SceneGate? Gate => _gate;

    public bool IsWaiting => _newest.IsWaiting;

    public bool IsDone => _newest.IsDone;

    /// <summary>Other questions of the same camera, which goes on.</summary>
    public void Change(CameraPlan plan)
    {
        _gate = plan.Gate == _plan.Gate ? _gate : GateOf(plan, _time);
        _plan = plan;
        _schedule.Change(plan.Questions);
        _bell.Ring();
    }

    /// <summary>Takes over a captured frame; returns at once. On the capture thread.</summary>
    public void Offer(Frame frame)
    {
        Counters.Captured.Increment();
        Counters.LastFrame.Set(frame.CapturedAt);
        // Turned away here, a frame that nobody asked for costs neither a message nor a look at the pipeline.
        if (!_schedule.IsDue(_time.GetTimestamp()))
        {
            Drop(frame, Counters.Idle);
            return;
        }

        if (_newest.Put(frame))
        {
            Counters.Replaced.Increment();
        }

        _bell.Ring();
    }

    /// <summary>The waiting frame with the questions that are due and look at one region of it, or null. One caller at a
    /// time.</summary>
    public (Frame Frame, IReadOnlyList<StandingQuestion> Due)? Pick()
    {
        if (_newest.Take() is not { } frame)
        {
            return null;
        }

        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(frame.CapturedTimestamp, now) > _maxFrameAge)
        {
            Drop(frame, Counters.Stale);
            return null;
        }

        if (frame.Sequence != _lookedAt)
        {
            _lookedAt = frame.Sequence;
            _looked.Clear();
        }

        // The questions may have gone with the frame before, while this one was on its way in.
        var due = _schedule.TakeDue(now, _looked, out var more);
        if (due.Count == 0)
        {
            Drop(frame, Counters.Idle);
            return null;
        }

        _looked.Add(due[0].Region);
        // A camera that gives one picture an hour has no other one for the other regions.
        if (more && _newest.PutBack(frame))
        {
            Counters.Repeated.Increment();
        }

        return (frame, due);
    }

    /// <summary>The camera has ended; its last frame may still be answered.</summary>
    public void End()
    {
        _newest.End();
        _bell.Ring();
    }

    /// <summary>The box stops: nothing that waits is answered any more.</summary>
    public void Close()
    {
        _newest.Close();
        _bell.Ring();
    }

    private static SceneGate? GateOf(CameraPlan plan, TimeProvider time) =>
        plan.Gate is { } settings ? new SceneGate(settings, time) : null;

    private static void Drop(Frame frame, Counter counted)
    {
        frame.Dispose();
        counted.Increment();
    }
}
