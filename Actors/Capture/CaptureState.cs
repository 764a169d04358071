using Akka.Actor;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>The state of one camera's capture. Outlives the actor, so that its restart neither closes a device nor opens it
/// twice. One caller at a time.</summary>
internal sealed class CaptureState(
    ICameraSource source, CameraIntake intake, ReconnectSettings reconnect, Func<double> random)
{
    public ICameraSource Source => source;

    public CameraIntake Intake => intake;

    public ReconnectSettings Reconnect => reconnect;

    public Backoff Backoff { get; } = new(reconnect, random);

    public FailedMessageRetry MessageRetry { get; } = new();

    /// <summary>Null while none runs.</summary>
    public CameraAttempt? Attempt { get; set; }

    /// <summary>The timer for the next attempt; null when none is planned.</summary>
    public ITimer? Retry { get; set; }

    /// <summary>The kind of end that was logged last.</summary>
    public CaptureEndKind? LoggedFault { get; set; }

    public bool IsStopping { get; set; }

    /// <summary>The source was played to its end and is not opened again.</summary>
    public bool IsFinished { get; set; }
}

/// <summary>One run of a source: from opening it to its end.</summary>
internal sealed class CameraAttempt(CameraIntake intake, IActorRef owner, long startedAt, Func<CameraAttempt, object> toFirstFrame)
    : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private volatile bool _hasFrame;

    public long StartedAt => startedAt;

    /// <summary>Whether at least one frame came.</summary>
    public bool HasFrame => _hasFrame;

    /// <summary>Null while it runs.</summary>
    public CaptureEnd? End { get; private set; }

    /// <summary>The camera was announced as online.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>Never throws.</summary>
    public async Task<CaptureEnd> RunAsync(ICameraSource source)
    {
        try
        {
            // Off the actor's thread, so that a source which blocks while it opens does not block other work.
            End = await Task.Run(() => source.CaptureAsync(Deliver, _cancel.Token));
        }
        catch (Exception fault)
        {
            // Sources report errors as values. One that throws has a defect; the camera is opened again all the same.
            End = new CaptureEnd(CaptureEndKind.Lost, $"{fault.GetType().Name}: {fault.Message}", 0);
        }

        return End;
    }

    public void Cancel() => _cancel.Cancel();

    public void Dispose() => _cancel.Dispose();

    // On the source's thread.
    private void Deliver(Frame frame)
    {
        if (!_hasFrame)
        {
            _hasFrame = true;
            owner.Tell(toFirstFrame(this));
        }

        intake.Offer(frame);
    }
}
