using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>What the supervisor reports to whoever hosts the system. Safe to complete twice.</summary>
internal sealed class EdgeSignals
{
    /// <summary>The engine is open; fails if it cannot be opened.</summary>
    public TaskCompletionSource Started { get; } = Signal();

    /// <summary>No frame is on its way any more.</summary>
    public TaskCompletionSource Drained { get; } = Signal();

    /// <summary>The pipeline or an actor has used up its restart budget, or cannot be restarted safely.</summary>
    public TaskCompletionSource<Exception> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The supervisor has ended, and all actors with it.</summary>
    public TaskCompletionSource SupervisorGone { get; } = Signal();

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

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

/// <summary>A change of cameras or questions. Each new lane gets a camera actor; the actors of removed lanes are
/// stopped.</summary>
/// <param name="Lanes">All of them.</param>
/// <param name="Sources">Of the lanes that are new.</param>
/// <param name="Plans">For the judge and the publisher.</param>
internal sealed record ChangeCameras(
    IReadOnlyList<CameraIntake> Lanes, IReadOnlyDictionary<CameraIntake, ICameraSource> Sources, PlansChanged Plans);

/// <summary>Everything the actors are made from, and what outlives them.</summary>
internal sealed record EdgeContext(
    EdgeSettings Settings,
    PipelineContext Pipeline,
    SurvivingState Memory,
    QuestionStates Board,
    ClockMonitor Clock,
    Func<StatsPayload> Snapshot,
    Func<double> Random,
    EdgeSignals Reports);

/// <summary>State that outlives the actors, so that a restart of an actor does not lose it.</summary>
internal sealed record SurvivingState(
    ChildActors Crew,
    QuestionEvaluators Desk,
    QuestionStateStore Keeper,
    QuestionStateWriter Writer,
    PublisherState Publisher,
    PendingRequests Asks,
    PictureDecoder Decoder,
    CommandBuffer Commands,
    StatsClock Stats);

/// <summary>Creates the actors and isolates their failures. Each is restarted on its own, with its state in objects that
/// outlive it, after a growing delay and within a budget; for cameras there is no limit. What cannot be restarted safely
/// fails the system at once: the pipeline's actor (its engine has a budget of its own) and this one.</summary>
internal sealed partial class EdgeSupervisor : ReceiveActor
{
    private static readonly TimeSpan LongestLeave = TimeSpan.FromSeconds(30);

    private readonly EdgeContext _context;
    private readonly ChildActors _crew;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DelayedRestartStrategy _strategy;
    private readonly Dictionary<IActorRef, RestartPolicy> _policies = [];
    private readonly Dictionary<IActorRef, (Exception Cause, ITimer Timer)> _waiting = [];
    private readonly Dictionary<CameraIntake, ICameraSource> _sources;
    private readonly Dictionary<CameraIntake, IActorRef> _cameras = [];
    private int _hired;
    private bool _started;
    private bool _stopping;

    public EdgeSupervisor(EdgeContext context)
    {
        _context = context;
        _crew = context.Memory.Crew;
        _time = context.Pipeline.Time;
        _logger = context.Pipeline.Loggers.CreateLogger<EdgeSupervisor>();
        _strategy = new DelayedRestartStrategy(Decide, RestartLater);
        _sources = context.Pipeline.Lanes.Now.ToDictionary(
            lane => lane, lane => context.Pipeline.Parts.Cameras.Single(source => source.Id == lane.Plan.Id));
        _crew.Publisher = Create(Publisher(context), "mqtt");
        _crew.Stats = Create(Stats(context, _crew.Publisher), "stats");
        _crew.Evaluation = Create(Judge(context, _crew.Publisher), "judge");
        _crew.Pipeline = Create(Props.Create(() => new PipelineActor(context.Pipeline)), "pipeline");
        _crew.AdHoc = Create(Asks(context, _crew.Publisher), "asks");
        _crew.Commands = Create(Inbox(context, _crew.Publisher, _crew.AdHoc), "inbox");
        Receive<BeginStop>(_ => BeginToStop());
        Receive<ChangeCameras>(Change);
        Receive<StartCamera>(hire => Start(hire.Lane));
        Receive<RestartNow>(restart => Restart(restart.Child));
        Receive<Terminated>(ended => Ended(ended.ActorRef));
        Receive<PipelineStarted>(_ => StartCameras());
        Receive<PipelineDrained>(_ => context.Reports.Drained.TrySetResult());
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

        _context.Reports.SupervisorGone.TrySetResult();
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
        if (!Sender.Equals(_crew.Pipeline))
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
        _crew.RemoveCamera(actor);
        if (_waiting.Remove(actor, out var failed))
        {
            failed.Timer.Dispose();
        }

        if (_stopping)
        {
            return;
        }

        if (_cameras.FirstOrDefault(entry => entry.Value.Equals(actor)) is { Key: { } lane })
        {
            // It ended unexpectedly; only this camera is replaced.
            _cameras.Remove(lane);
            Start(lane);
        }
        else if (actor.Equals(_crew.Publisher) || actor.Equals(_crew.Evaluation) || actor.Equals(_crew.Pipeline)
            || actor.Equals(_crew.Commands) || actor.Equals(_crew.AdHoc) || actor.Equals(_crew.Stats))
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
        foreach (var lane in _context.Pipeline.Lanes.Now)
        {
            Start(lane);
        }

        _context.Reports.Started.TrySetResult();
    }

    private void Start(CameraIntake lane)
    {
        // Meanwhile the box may have been stopped, or the camera removed again.
        if (_started && !_stopping && _context.Pipeline.Lanes.Now.Contains(lane) && !_cameras.ContainsKey(lane)
            && _sources.TryGetValue(lane, out var source))
        {
            // A camera of the same name may still be on its way out.
            var monitored = Monitored(_context, lane, source, _crew.Publisher);
            var run = new CameraRun(monitored, lane, _context.Settings.CameraReconnect, _context.Random);
            var camera = Create(Camera(_context, run, _crew.Publisher), $"camera-{lane.Plan.Id}-{++_hired}", isEndless: true);
            _cameras[lane] = camera;
            _crew.AddCamera(camera);
        }
    }

    private void Change(ChangeCameras change)
    {
        _crew.Evaluation.Tell(change.Plans);
        foreach (var (lane, source) in change.Sources)
        {
            _sources[lane] = source;
        }

        foreach (var gone in _sources.Keys.Except(change.Lanes).ToList())
        {
            _sources.Remove(gone);
        }

        var leaving = new Dictionary<CameraId, Task>();
        foreach (var (lane, camera) in _cameras.Where(entry => !change.Lanes.Contains(entry.Key)).ToList())
        {
            _cameras.Remove(lane);
            leaving[lane.Plan.Id] = camera.GracefulStop(LongestLeave, StopCamera.Instance);
        }

        foreach (var lane in change.Sources.Keys)
        {
            // Few devices can be opened twice, so the new one waits for the old one's end.
            leaving.GetValueOrDefault(lane.Plan.Id, Task.CompletedTask).ContinueWith(
                _ => new StartCamera(lane), TaskScheduler.Default).PipeTo(Self);
        }
    }

    private void Failed(Exception fault)
    {
        _context.Reports.Started.TrySetException(fault);
        _context.Reports.Failed.TrySetResult(fault);
        _context.Reports.Drained.TrySetResult();
    }

    private sealed record StartCamera(CameraIntake Lane);

    private sealed record RestartNow(IActorRef Child);

    private static Props Judge(EdgeContext context, IActorRef publisher) => Props.Create(() => new EvaluationActor(
        context.Memory.Desk,
        context.Memory.Keeper,
        publisher,
        context.Pipeline.Time,
        context.Pipeline.Loggers.CreateLogger<EvaluationActor>()));

    private static Props Publisher(EdgeContext context)
    {
        var parts = context.Pipeline.Parts;
        var messages = new MessageFactory(context.Settings, parts.Topics, context.Clock);
        Func<CameraId, bool> isOnline = camera => context.Pipeline.Counters[camera].Online;
        return Props.Create(() => new PublisherActor(
            context.Memory.Publisher,
            parts.Link,
            messages,
            context.Board.Switches,
            Devices(context),
            context.Memory.Writer,
            () => MqttJson.Serialize(context.Snapshot()),
            isOnline,
            context.Pipeline.Counters.Mqtt,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<PublisherActor>()));
    }

    private static DeviceAnnouncer Devices(EdgeContext context) =>
        new(context.Settings.HomeAssistant, context.Settings, context.Pipeline.Parts.Topics);

    private static Props Inbox(EdgeContext context, IActorRef publisher, IActorRef asks)
    {
        var parts = context.Pipeline.Parts;
        var helpers = new CommandHelpers(
            asks,
            publisher,
            context.Board.Switches,
            Devices(context),
            () => [.. context.Pipeline.Lanes.Now.Select(lane => lane.Plan)]);
        return Props.Create(() => new CommandActor(
            context.Memory.Commands,
            parts.Link,
            parts.Topics,
            context.Settings,
            helpers,
            context.Pipeline.Counters.Mqtt,
            context.Random,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<CommandActor>()));
    }

    private static Props Asks(EdgeContext context, IActorRef publisher)
    {
        var pipeline = context.Pipeline;
        var places = new AdHocContext(() => pipeline.Lanes.Now, pipeline.Pictures, context.Memory.Decoder);
        var replies = new AdHocReplies(context.Settings, pipeline.Parts.Topics, places.IsKnown, context.Clock, pipeline.Time);
        return Props.Create(() => new AdHocActor(
            context.Settings.Asks,
            context.Memory.Asks,
            places,
            replies,
            publisher,
            pipeline.Counters.Asks,
            pipeline.Time,
            pipeline.Loggers.CreateLogger<AdHocActor>()));
    }

    private static Props Stats(EdgeContext context, IActorRef publisher) => Props.Create(() => new StatsActor(
        context.Memory.Stats,
        context.Snapshot,
        publisher,
        context.Settings.Pipeline.StatsEvery,
        context.Pipeline.Time,
        context.Pipeline.Loggers.CreateLogger<StatsActor>()));

    private static Props Camera(EdgeContext context, CameraRun run, IActorRef publisher) =>
        Props.Create(() => new CameraActor(
            run,
            publisher,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<CameraActor>()));

    private static MonitoredSource Monitored(
        EdgeContext context, CameraIntake lane, ICameraSource source, IActorRef publisher) => new(
            source,
            lane.Scene,
            lane.Counters,
            context.Pipeline.Parts.FrameToJpeg,
            publisher.Tell,
            context.Pipeline.Loggers.CreateLogger<MonitoredSource>());

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera} has no more frames.")]
    private partial void LogCameraFinished(string camera);

    [LoggerMessage(EventId = 90, Level = LogLevel.Error, Message =
        "The actor '{Actor}' failed; it is restarted in {Seconds:0.0} s and resumes where it was.")]
    private partial void LogRestarted(Exception cause, string actor, double seconds);

    [LoggerMessage(EventId = 91, Level = LogLevel.Critical, Message =
        "The actor '{Actor}' failed more than {Restarts} times; the service exits so that it can be restarted.")]
    private partial void LogBeyondBudget(Exception cause, string actor, int restarts);
}
