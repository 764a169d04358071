using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>A frame that goes into the pipeline.</summary>
/// <param name="Frame">Owned by the receiver.</param>
/// <param name="DueQuestions">The standing questions that are due.</param>
/// <param name="AdHocQuestions">The ad-hoc questions that go with it.</param>
internal sealed record PickedFrame(Frame Frame, IReadOnlyList<StandingQuestion> DueQuestions, IReadOnlyList<AdHocQuestion> AdHocQuestions);

/// <summary>A source of frames for the pipeline.</summary>
internal interface IFrameIntake
{
    CameraConfiguration Configuration { get; }

    CameraCounters Counters { get; }

    SceneGate? Gate { get; }

    bool HasFrame { get; }

    PickedFrame? Pick();

    /// <summary>Whether a frame waits with an ad-hoc question, which is asked even while the engine rests.</summary>
    bool HasAdHocFrame => HasFrame;

    /// <summary>The same as <see cref="Pick"/> with ad-hoc questions alone; null without any.</summary>
    PickedFrame? PickAdHoc() => Pick();

    /// <summary>A picked frame has ended.</summary>
    /// <param name="picked">It is not used any more.</param>
    /// <param name="isLost">Its engine was lost before it answered.</param>
    void End(PickedFrame picked, bool isLost);
}

/// <summary>Passes one camera's frames to the pipeline: the capture thread offers frames, the pipeline picks one. It outlives each
/// pipeline, so that a replaced engine continues with the newest frame.</summary>
internal sealed class CameraIntake : IFrameIntake
{
    // The standing questions of the next frame wait for these, so many ad-hoc questions are spread over many frames.
    private const int MaxAdHocPerFrame = 2;

    private readonly WakeSignal _wake;
    private readonly TimeSpan _maxFrameAge;
    private readonly TimeProvider _time;
    private readonly QuestionStates _states;
    private readonly NewestFrame _newest = new();
    private readonly QuestionSchedule _schedule;
    private readonly AdHocQueue _adHoc = new();
    private readonly EngineDuty? _duty;

    // Regions of the last picked frame that were asked about; another region of it may still be due.
    private readonly List<FrameRegion?> _askedRegions = [];

    /// <summary>Whether questions about other parts of the present frame were due when it was taken last.</summary>
    private bool _hasMoreDue;
    private FrameSequence _regionsOf;
    private bool _adHocPassedOver;
    private volatile CameraConfiguration _plan;
    private volatile SceneGate? _gate;

    public CameraIntake(
        CameraConfiguration plan,
        CameraCounters counters,
        QuestionStates states,
        WakeSignal wake,
        TimeSpan maxFrameAge,
        TimeProvider time,
        bool isExclusive = false,
        EngineDuty? duty = null,
        Func<double>? pace = null)
    {
        _duty = duty;
        _plan = plan;
        Counters = counters;
        _states = states;
        Monitor = new CameraMonitor(plan.Scene, counters, time);
        states.Register(plan.Id, Monitor);
        states.Observe(plan.Id, (question, before, now) => _gate?.StateChanged(question, isOtherValue: before.Reason == now.Reason));
        _wake = wake;
        _maxFrameAge = maxFrameAge;
        _time = time;
        _gate = NewGate(plan);
        _schedule = new QuestionSchedule(plan.Questions, question => states.ReasonNotAsked(plan.Id, question) is null, time, isExclusive, pace);
    }

    public CameraConfiguration Configuration => _plan;

    public CameraCounters Counters { get; }

    /// <summary>Takes single frames for people who want to see one.</summary>
    public SnapshotCapture Snapshots { get; } = new();

    /// <summary>Watches the camera's frames before they are offered.</summary>
    public CameraMonitor Monitor { get; }

    /// <summary>Why ad-hoc questions get no answer at present; null when they do.</summary>
    public string? SuspensionReason => Monitor.IsSuspended
        ? $"the camera's view is {Monitor.State.ToText()}, and SuspendOnViewChange holds its questions back until it is normal"
        : null;

    /// <summary>Null where no answers are reused.</summary>
    public SceneGate? Gate => _gate;

    /// <summary>Whether a frame waits that can be picked: it does not wait for an answer that another engine computes.</summary>
    public bool HasFrame => _newest.IsWaiting && (_adHoc.IsWaiting || !_schedule.MustWait(_time.GetTimestamp()));

    /// <inheritdoc/>
    public bool HasAdHocFrame => _newest.IsWaiting && _adHoc.IsWaiting;

    public bool IsDone => _newest.IsDone;

    /// <summary>Replaces the questions; the camera continues.</summary>
    public void Change(CameraConfiguration plan)
    {
        if (plan.Gate is { } settings && _gate is { } gate)
        {
            gate.Change(settings, plan.Questions);
        }
        else
        {
            _gate?.Change(new SceneGateSettings(), []);
            _gate = NewGate(plan);
        }

        _plan = plan;
        Monitor.Change(plan.Scene);
        _schedule.Change(plan.Questions);
        _wake.Set();
    }

    /// <summary>Takes over a captured frame; returns at once. On the capture thread.</summary>
    public void Offer(Frame frame)
    {
        Counters.Update(camera => camera.FramesCaptured++);
        Counters.LastFrame.Set(frame.CapturedTimestamp);
        Snapshots.Offer(frame);
        // Dropped here, a frame without a due question wakes nobody.
        if (!_schedule.IsDue(_time.GetTimestamp()) && !_adHoc.IsWaiting)
        {
            Drop(frame, camera => camera.FramesIdle++);
            return;
        }

        if (_newest.Put(frame))
        {
            Counters.Update(camera => camera.FramesReplaced++);
        }

        _wake.Set();
    }

    /// <summary>Has a question go with the next frame, beside those that are due.</summary>
    public void Ask(AdHocQuestion question)
    {
        // Somebody takes an interest in this camera, so its answers should be as fresh as the configuration promises.
        _gate?.Restart();
        _adHoc.Add(question);
    }

    /// <summary>Removes a question that still waits.</summary>
    public void Withdraw(AdHocQuestion question) => _adHoc.Remove(question);

    /// <summary>The waiting frame with the due questions about one region of it, or null. One caller at a
    /// time.</summary>
    public PickedFrame? Pick() => Pick(adHocOnly: false);

    /// <inheritdoc/>
    public PickedFrame? PickAdHoc() => Pick(adHocOnly: true);

    private PickedFrame? Pick(bool adHocOnly)
    {
        // A frame whose questions are in flight stays the newest one until they have ended.
        if (!(adHocOnly ? HasAdHocFrame : HasFrame) || _newest.Take() is not { } frame)
        {
            return null;
        }

        // Read after the frame was taken: otherwise a question that fell due between the two would miss this frame.
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(frame.CapturedTimestamp, now) > _maxFrameAge + (_duty?.LastRest ?? TimeSpan.Zero))
        {
            Drop(frame, camera => camera.FramesStale++);
            return null;
        }

        if (frame.Sequence != _regionsOf)
        {
            _regionsOf = frame.Sequence;
            _askedRegions.Clear();
            _hasMoreDue = false;
        }

        // The questions may have gone with the frame before, while this one was being offered.
        IReadOnlyList<StandingQuestion> due = [];
        if (adHocOnly)
        {
            // Those that are due keep this frame, for a camera that has few.
            _hasMoreDue = _schedule.IsDue(now);
        }
        else if (!_adHocPassedOver || !_adHoc.IsWaiting)
        {
            due = _schedule.TakeDue(now, _askedRegions, out _hasMoreDue);
        }

        if (SuspensionReason is { } reason)
        {
            foreach (var ask in _adHoc.TakeAll())
            {
                ask.Fail(reason);
            }
        }

        var region = due.Count > 0 ? due[0].Region : _adHoc.Oldest?.Region;
        var adHoc = _adHoc.Take(region, MaxAdHocPerFrame);

        // The oldest one is about another part of the frame: that part is next, but not twice before the standing questions.
        var isOtherPart = _adHoc.Oldest is { } oldest && oldest.Region != region;
        _adHocPassedOver = isOtherPart && due.Count > 0;
        if (due.Count == 0 && adHoc.Count == 0)
        {
            Drop(frame, camera => camera.FramesIdle++);
            return null;
        }

        if (due.Count > 0)
        {
            _askedRegions.Add(region);
        }

        // A camera that delivers one frame per hour has no other one for the other regions.
        if ((_hasMoreDue || isOtherPart) && _newest.PutBack(frame))
        {
            Counters.Update(camera => camera.FramesRepeated++);
        }

        return new PickedFrame(frame, due, adHoc);
    }

    /// <inheritdoc/>
    public void End(PickedFrame picked, bool isLost)
    {
        _schedule.End(picked.DueQuestions, isLost);
        if (_newest.IsWaiting)
        {
            _wake.Set();
        }
    }

    /// <summary>The camera has ended; its last frame may still be answered.</summary>
    public void End()
    {
        _newest.End();
        _wake.Set();
    }

    /// <summary>The service stops: what waits is dropped.</summary>
    public void Close()
    {
        Monitor.Close();
        _newest.Close();
        _wake.Set();
    }

    private SceneGate? NewGate(CameraConfiguration plan) => plan.Gate is { } settings
        ? new SceneGate(
            settings, Counters, question => _states.ThresholdsOf(plan.Id, question, _time.GetUtcNow()), _time)
        : null;

    private void Drop(Frame frame, Func<CameraStats, long> count)
    {
        frame.Dispose();
        Counters.Update(count);
    }
}
