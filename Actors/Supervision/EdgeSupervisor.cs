using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>Sent when the stop begins: from then on no camera is started, and an actor that waits for its restart is
/// restarted at once. The reply is <see cref="StopBegun"/>.</summary>
internal sealed record BeginStop
{
    public static readonly BeginStop Instance = new();
}

/// <summary>The <see cref="ChildActors"/> no longer changes.</summary>
internal sealed record StopBegun
{
    public static readonly StopBegun Instance = new();
}

/// <summary>A change of cameras or questions. Each new intake gets a camera actor; the actors of removed intakes are
/// stopped.</summary>
/// <param name="Intakes">All current intakes.</param>
/// <param name="Sources">Of the intakes that are new.</param>
/// <param name="Reconfigured">For evaluation and publisher.</param>
internal sealed record ChangeCameras(
    IReadOnlyList<CameraIntake> Intakes, IReadOnlyDictionary<CameraIntake, ICameraSource> Sources, CamerasReconfigured Reconfigured);

/// <summary>Creates the actors and isolates their failures. Each is restarted on its own, with its state in objects that
/// outlive it, after a growing delay and within a budget; for cameras there is no limit. What cannot be restarted safely
/// fails the system at once: the pipeline's actor (its engine has its own budget) and this one.</summary>
internal sealed partial class EdgeSupervisor : ReceiveActor
{
    private static readonly TimeSpan CameraStopLimit = TimeSpan.FromSeconds(30);

    private readonly EdgeContext _context;
    private readonly EdgeActors _actors;
    private readonly ChildActors _children;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DelayedRestartStrategy _strategy;
    private readonly Dictionary<IActorRef, RestartPolicy> _policies = [];
    private readonly Dictionary<IActorRef, (Exception Cause, ITimer Timer)> _waiting = [];
    private readonly Dictionary<CameraIntake, ICameraSource> _sources;
    private readonly Dictionary<CameraIntake, IActorRef> _cameras = [];
    private int _camerasStarted;
    private bool _started;
    private bool _stopping;

    public EdgeSupervisor(EdgeContext context)
    {
        _context = context;
        _children = context.Surviving.Children;
        _time = context.Pipeline.Time;
        _logger = context.Pipeline.Loggers.CreateLogger<EdgeSupervisor>();
        _strategy = new DelayedRestartStrategy(Decide, RestartLater);
        _sources = context.Pipeline.Intakes.Current.ToDictionary(
            intake => intake, intake => context.Pipeline.Dependencies.Cameras.Single(source => source.Id == intake.Configuration.Id));
        _actors = new EdgeActors(context);
        _children.Publisher = Create(_actors.Publisher(), "publisher");
        _children.Stats = Create(_actors.Stats(_children.Publisher), "stats");
        _children.Evaluation = Create(_actors.Evaluation(_children.Publisher), "evaluation");
        _children.Pipeline = Create(_actors.Pipeline(_children.Evaluation), "pipeline");
        _children.AdHoc = Create(_actors.AdHoc(_children.Publisher), "ad-hoc");
        _children.Commands = Create(_actors.Commands(_children.Publisher, _children.AdHoc), "commands");
        Receive<BeginStop>(_ => BeginToStop());
        Receive<ChangeCameras>(Change);
        Receive<StartCamera>(start => Start(start.Intake));
        Receive<RestartNow>(restart => Restart(restart.Child));
        Receive<Terminated>(ended => Ended(ended.ActorRef));
        Receive<PipelineStarted>(_ => StartCameras());
        Receive<PipelineDrained>(_ => context.Signals.Drained.TrySetResult());
        Receive<PipelineFailed>(failed => Failed(failed.Fault));
        Receive<CameraFinished>(finished => LogCameraFinished(finished.Camera.Value));
    }

    protected override SupervisorStrategy SupervisorStrategy() => _strategy;

    /// <summary>A failure of this actor fails the system while the other actors still run, so that it can be stopped in
    /// order.</summary>
    protected override bool AroundReceive(Receive receive, object message)
    {
        try
        {
            return base.AroundReceive(receive, message);
        }
        catch (Exception fault)
        {
            Failed(fault);
            return true;
        }
    }

    protected override void PostStop()
    {
        foreach (var (_, timer) in _waiting.Values)
        {
            timer.Dispose();
        }

        _context.Signals.SupervisorGone.TrySetResult();
        if (!_stopping)
        {
            Failed(new InvalidOperationException("The supervisor of all actors stopped."));
        }
    }

    private IActorRef Create(Props props, string name, bool isEndless = false)
    {
        var actor = Context.ActorOf(props, name);
        Context.Watch(actor);
        _policies[actor] = new RestartPolicy(_context.Settings.Supervision, isEndless, _context.Random, _time);
        return actor;
    }

    private Directive Decide(Exception fault)
    {
        if (!Sender.Equals(_children.Pipeline))
        {
            return Directive.Restart;
        }

        Failed(fault);
        return Directive.Stop;
    }

    private void RestartLater(IActorRef child, Exception cause)
    {
        var policy = _policies[child];
        if (!policy.TryRestart(out var wait))
        {
            // Restarted nevertheless, because the stop that follows needs it.
            LogBeyondBudget(cause, child.Path.Name, _context.Settings.Supervision.Budget.Restarts);
            Failed(new InvalidOperationException(
                $"The actor '{child.Path.Name}' failed too often: {cause.Message}", cause));
        }
        else
        {
            LogRestarted(cause, child.Path.Name, wait.TotalSeconds);
        }

        if (wait == TimeSpan.Zero)
        {
            _strategy.RestartNow(child, cause);
        }
        else
        {
            _waiting[child] = (cause, _time.SendAfter(Self, wait, new RestartNow(child)));
        }
    }

    private void Restart(IActorRef child)
    {
        if (_waiting.Remove(child, out var failed))
        {
            failed.Timer.Dispose();
            _strategy.RestartNow(child, failed.Cause);
        }
    }

    private void BeginToStop()
    {
        _stopping = true;
        foreach (var child in _waiting.Keys.ToList())
        {
            Restart(child);
        }

        Sender.Tell(StopBegun.Instance);
    }

    private void Ended(IActorRef actor)
    {
        _policies.Remove(actor);
        _children.RemoveCamera(actor);
        if (_waiting.Remove(actor, out var failed))
        {
            failed.Timer.Dispose();
        }

        if (_stopping)
        {
            return;
        }

        if (_cameras.FirstOrDefault(entry => entry.Value.Equals(actor)) is { Key: { } intake })
        {
            // It ended unexpectedly; only this camera is replaced.
            _cameras.Remove(intake);
            Start(intake);
        }
        else if (actor.Equals(_children.Publisher) || actor.Equals(_children.Evaluation) || actor.Equals(_children.Pipeline)
            || actor.Equals(_children.Commands) || actor.Equals(_children.AdHoc) || actor.Equals(_children.Stats))
        {
            Failed(new InvalidOperationException($"The actor '{actor.Path.Name}' stopped unexpectedly."));
        }
    }

    private void StartCameras()
    {
        if (_stopping)
        {
            return;
        }

        _started = true;
        foreach (var intake in _context.Pipeline.Intakes.Current)
        {
            Start(intake);
        }

        _context.Signals.Started.TrySetResult();
    }

    private void Start(CameraIntake intake)
    {
        // The service may have been stopped meanwhile, or the camera removed again.
        if (_started && !_stopping && _context.Pipeline.Intakes.Current.Contains(intake) && !_cameras.ContainsKey(intake)
            && _sources.TryGetValue(intake, out var source))
        {
            // The number makes the name unique: an earlier actor of the same camera may still be stopping.
            var camera = Create(
                _actors.Camera(intake, source, _children.Publisher), $"camera-{intake.Configuration.Id}-{++_camerasStarted}", isEndless: true);
            _cameras[intake] = camera;
            _children.AddCamera(camera);
        }
    }

    private void Change(ChangeCameras change)
    {
        _children.Evaluation.Tell(change.Reconfigured);
        foreach (var (intake, source) in change.Sources)
        {
            _sources[intake] = source;
        }

        foreach (var gone in _sources.Keys.Except(change.Intakes).ToList())
        {
            _sources.Remove(gone);
        }

        var stopping = new Dictionary<CameraId, Task>();
        foreach (var (intake, camera) in _cameras.Where(entry => !change.Intakes.Contains(entry.Key)).ToList())
        {
            _cameras.Remove(intake);
            stopping[intake.Configuration.Id] = camera.GracefulStop(CameraStopLimit, StopCamera.Instance);
        }

        foreach (var intake in change.Sources.Keys)
        {
            // Few devices can be opened twice, so the new one waits for the old one's end.
            stopping.GetValueOrDefault(intake.Configuration.Id, Task.CompletedTask).ContinueWith(
                _ => new StartCamera(intake), TaskScheduler.Default).PipeTo(Self);
        }
    }

    private void Failed(Exception fault)
    {
        _context.Signals.Started.TrySetException(fault);
        _context.Signals.Failed.TrySetResult(fault);
        _context.Signals.Drained.TrySetResult();
    }

    private sealed record StartCamera(CameraIntake Intake);

    private sealed record RestartNow(IActorRef Child);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera} has no more frames.")]
    private partial void LogCameraFinished(string camera);

    [LoggerMessage(EventId = 90, Level = LogLevel.Error, Message =
        "The actor '{Actor}' failed; it is restarted in {Seconds:0.0} s and resumes where it was.")]
    private partial void LogRestarted(Exception cause, string actor, double seconds);

    [LoggerMessage(EventId = 91, Level = LogLevel.Critical, Message =
        "The actor '{Actor}' failed more than {Restarts} times; the service exits so that it can be restarted.")]
    private partial void LogBeyondBudget(Exception cause, string actor, int restarts);
}
