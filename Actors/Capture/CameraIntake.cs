using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>A frame that goes into the pipeline.</summary>
/// <param name="Frame">Owned by whoever receives this.</param>
/// <param name="Due">The standing questions that are due.</param>
/// <param name="Asks">Questions that are asked once and go with it.</param>
internal sealed record PickedFrame(Frame Frame, IReadOnlyList<StandingQuestion> Due, IReadOnlyList<AdHocQuestion> Asks);

/// <summary>Where frames come from.</summary>
internal interface IFrameIntake
{
    CameraPlan Plan { get; }

    CameraCounters Counters { get; }

    SceneGate? Gate { get; }

    bool IsWaiting { get; }

    PickedFrame? Pick();
}

/// <summary>Where one camera meets the pipeline: the capture thread offers, the pipeline picks. It outlives each
/// pipeline, so that a replaced engine goes on with the newest frame.</summary>
internal sealed class CameraIntake : IFrameIntake
{
    // The standing questions wait for these at the next frame, so a crowd of askers is spread over many.
    private const int MostAsksPerFrame = 2;

    private readonly WakeSignal _bell;
    private readonly TimeSpan _maxFrameAge;
    private readonly TimeProvider _time;
    private readonly NewestFrame _newest = new();
    private readonly QuestionSchedule _schedule;
    private readonly AdHocQueue _asks = new();

    // Of the picture that was picked last: another region of it may be asked about still.
    private readonly List<FrameRegion?> _looked = [];
    private FrameSequence _lookedAt;
    private bool _asksPassedOver;
    private volatile CameraPlan _plan;
    private volatile SceneGate? _gate;

    public CameraIntake(
        CameraPlan plan,
        CameraCounters counters,
        QuestionStates board,
        WakeSignal bell,
        TimeSpan maxFrameAge,
        TimeProvider time)
    {
        _plan = plan;
        _gate = GateOf(plan, time);
        Counters = counters;
        Scene = new CameraMonitor(plan.Scene, counters, time);
        board.Watch(plan.Id, Scene);
        _bell = bell;
        _maxFrameAge = maxFrameAge;
        _time = time;
        _schedule = new QuestionSchedule(plan.Questions, question => board.GateOf(plan.Id, question) is null, time);
    }

    public CameraPlan Plan => _plan;

    public CameraCounters Counters { get; }

    /// <summary>Watches the camera's frames before they are offered.</summary>
    public CameraMonitor Scene { get; }

    /// <summary>Why questions that are asked once get no answer at present; null when they do.</summary>
    public string? HeldBack => Scene.IsSuspended
        ? $"the camera's view is {Scene.State.ToText()}, and SuspendOnViewChange holds its questions back until it is normal"
        : null;

    /// <summary>Null where every picture is asked about.</summary>
    public SceneGate? Gate => _gate;

    public bool IsWaiting => _newest.IsWaiting;

    public bool IsDone => _newest.IsDone;

    /// <summary>Other questions of the same camera, which goes on.</summary>
    public void Change(CameraPlan plan)
    {
        _gate = plan.Gate == _plan.Gate ? _gate : GateOf(plan, _time);
        _gate?.Keep(plan.Questions);
        _plan = plan;
        Scene.Change(plan.Scene);
        _schedule.Change(plan.Questions);
        _bell.Set();
    }

    /// <summary>Takes over a captured frame; returns at once. On the capture thread.</summary>
    public void Offer(Frame frame)
    {
        Counters.Update(camera => camera.FramesCaptured++);
        Counters.LastFrame.Set(frame.CapturedTimestamp);
        // Turned away here, a frame that nobody asked for costs neither a message nor a look at the pipeline.
        if (!_schedule.IsDue(_time.GetTimestamp()) && !_asks.IsWaiting)
        {
            Drop(frame, camera => camera.FramesIdle++);
            return;
        }

        if (_newest.Put(frame))
        {
            Counters.Update(camera => camera.FramesReplaced++);
        }

        _bell.Set();
    }

    /// <summary>Has a question go with the next frame, beside those that are due.</summary>
    public void Ask(AdHocQuestion question) => _asks.Add(question);

    /// <summary>Forgets a question that still waits.</summary>
    public void Withdraw(AdHocQuestion question) => _asks.Remove(question);

    /// <summary>The waiting frame with the questions that are due and look at one region of it, or null. One caller at a
    /// time.</summary>
    public PickedFrame? Pick()
    {
        if (_newest.Take() is not { } frame)
        {
            return null;
        }

        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(frame.CapturedTimestamp, now) > _maxFrameAge)
        {
            Drop(frame, camera => camera.FramesStale++);
            return null;
        }

        if (frame.Sequence != _lookedAt)
        {
            _lookedAt = frame.Sequence;
            _looked.Clear();
        }

        // The questions may have gone with the frame before, while this one was on its way in.
        var more = false;
        var due = _asksPassedOver ? [] : _schedule.TakeDue(now, _looked, out more);
        if (HeldBack is { } reason)
        {
            foreach (var ask in _asks.Take(int.MaxValue))
            {
                ask.Failed(reason);
            }
        }

        var region = due.Count > 0 ? due[0].Region : null;
        // Questions that are asked once look at all of the picture; those that had to let a region pass are next.
        var asks = region is null ? _asks.Take(MostAsksPerFrame) : [];
        _asksPassedOver = region is not null && _asks.IsWaiting;
        if (due.Count == 0 && asks.Count == 0)
        {
            Drop(frame, camera => camera.FramesIdle++);
            return null;
        }

        if (due.Count > 0)
        {
            _looked.Add(region);
        }

        // A camera that gives one picture an hour has no other one for the other regions.
        if ((more || _asksPassedOver) && _newest.PutBack(frame))
        {
            Counters.Update(camera => camera.FramesRepeated++);
        }

        return new PickedFrame(frame, due, asks);
    }

    /// <summary>The camera has ended; its last frame may still be answered.</summary>
    public void End()
    {
        _newest.End();
        _bell.Set();
    }

    /// <summary>The box stops: nothing that waits is answered any more.</summary>
    public void Close()
    {
        Scene.Close();
        _newest.Close();
        _bell.Set();
    }

    private static SceneGate? GateOf(CameraPlan plan, TimeProvider time) =>
        plan.Gate is { } settings ? new SceneGate(settings, time) : null;

    private void Drop(Frame frame, Func<CameraStats, long> count)
    {
        frame.Dispose();
        Counters.Update(count);
    }
}
