using MobileVlm.Edge.Actors.Asks;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>A frame that goes into the pipeline.</summary>
/// <param name="Frame">Owned by whoever receives this.</param>
/// <param name="Due">The standing questions that are due.</param>
/// <param name="Asks">Questions that are asked once and go with it.</param>
internal sealed record PickedFrame(Frame Frame, IReadOnlyList<StandingQuestion> Due, IReadOnlyList<OneShot> Asks);

/// <summary>Where one camera meets the pipeline: the capture thread offers, the pipeline picks. It outlives each
/// pipeline, so that a replaced engine goes on with the newest frame.</summary>
internal class CameraLane(
    CameraPlan plan, CameraCounters counters, Doorbell bell, TimeSpan maxFrameAge, TimeProvider time)
{
    // The standing questions wait for these at the next frame, so a crowd of askers is spread over many.
    private const int MostAsksPerFrame = 2;

    private readonly NewestFrame _newest = new();
    private readonly QuestionSchedule _schedule = new(plan.Questions, time);
    private readonly OneShotQueue _asks = new();

    public CameraPlan Plan => plan;

    public CameraCounters Counters => counters;

    public virtual bool IsWaiting => _newest.IsWaiting;

    public virtual bool IsDone => _newest.IsDone;

    /// <summary>Takes over a captured frame; returns at once. On the capture thread.</summary>
    public void Offer(Frame frame)
    {
        counters.Captured.Increment();
        counters.LastFrame.Set(frame.CapturedAt);
        // Turned away here, a frame that nobody asked for costs neither a message nor a look at the pipeline.
        if (!_schedule.IsDue(time.GetTimestamp()) && !_asks.IsWaiting)
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

    /// <summary>Has a question go with the next frame, beside those that are due.</summary>
    public void Ask(OneShot question) => _asks.Add(question);

    /// <summary>Forgets a question that still waits.</summary>
    public virtual void Withdraw(OneShot question) => _asks.Remove(question);

    /// <summary>The waiting frame with the questions that are due, or null. One caller at a time.</summary>
    public virtual PickedFrame? Pick()
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
        var asks = _asks.Take(MostAsksPerFrame);
        if (due.Count == 0 && asks.Count == 0)
        {
            Drop(frame, counters.Idle);
            return null;
        }

        return new PickedFrame(frame, due, asks);
    }

    /// <summary>The camera has ended; its last frame may still be answered.</summary>
    public void End()
    {
        _newest.End();
        bell.Ring();
    }

    /// <summary>The box stops: nothing that waits is answered any more.</summary>
    public virtual void Close()
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
