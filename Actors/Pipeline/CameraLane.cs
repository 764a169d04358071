using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Where one camera meets the pipeline: the capture thread offers, the pipeline picks. It outlives each
/// pipeline, so that a replaced engine goes on with the newest frame.</summary>
internal sealed class CameraLane(
    CameraPlan plan, CameraCounters counters, Doorbell bell, TimeSpan maxFrameAge, TimeProvider time)
{
    private readonly NewestFrame _newest = new();
    private readonly QuestionSchedule _schedule = new(plan.Questions, time);

    public CameraPlan Plan => plan;

    public CameraCounters Counters => counters;

    /// <summary>Null where every picture is asked about.</summary>
    public SceneGate? Gate { get; } = plan.Gate is { } gate ? new SceneGate(gate, time) : null;

    public bool IsWaiting => _newest.IsWaiting;

    public bool IsDone => _newest.IsDone;

    /// <summary>Takes over a captured frame; returns at once. On the capture thread.</summary>
    public void Offer(Frame frame)
    {
        counters.Captured.Increment();
        counters.LastFrame.Set(frame.CapturedAt);
        // Turned away here, a frame that nobody asked for costs neither a message nor a look at the pipeline.
        if (!_schedule.IsDue(time.GetTimestamp()))
        {
            Drop(frame, counters.Idle);
            return;
        }

        if (_newest.Put(frame))
        {
            counters.Replaced.Increment();
        }

        bell.Ring();
    }

    /// <summary>The waiting frame with the questions that are due, or null. One caller at a time.</summary>
    public (Frame Frame, IReadOnlyList<StandingQuestion> Due)? Pick()
    {
        if (_newest.Take() is not { } frame)
        {
            return null;
        }

        var now = time.GetTimestamp();
        if (time.GetElapsedTime(frame.CapturedTimestamp, now) > maxFrameAge)
        {
            Drop(frame, counters.Stale);
            return null;
        }

        // The questions may have gone with the frame before, while this one was on its way in.
        var due = _schedule.TakeDue(now);
        if (due.Count == 0)
        {
            Drop(frame, counters.Idle);
            return null;
        }

        return (frame, due);
    }

    /// <summary>The camera has ended; its last frame may still be answered.</summary>
    public void End()
    {
        _newest.End();
        bell.Ring();
    }

    /// <summary>The box stops: nothing that waits is answered any more.</summary>
    public void Close()
    {
        _newest.Close();
        bell.Ring();
    }

    private static void Drop(Frame frame, Counter counted)
    {
        frame.Dispose();
        counted.Increment();
    }
}
