using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Asks;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Inbox;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors;

/// <summary>What the supervisor reports to whoever hosts the system. Safe to complete twice.</summary>
internal sealed class EdgeReports
{
    /// <summary>The engine is open; fails if it cannot be opened.</summary>
    public TaskCompletionSource Started { get; } = Signal();

    /// <summary>No frame is on its way any more.</summary>
    public TaskCompletionSource Drained { get; } = Signal();

    /// <summary>The pipeline is beyond its budget.</summary>
    public TaskCompletionSource<Exception> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Asked when the stop begins: no camera is started any more. <see cref="EdgeCrew"/> is the reply.</summary>
internal sealed record CallCrew
{
    public static readonly CallCrew Instance = new();
}

/// <summary>Who works here.</summary>
internal sealed record EdgeCrew(
    IReadOnlyList<IActorRef> Cameras, IActorRef Pipeline, IActorRef Judge, IActorRef Publisher, IActorRef Stats,
    IActorRef Inbox);

/// <summary>Other cameras or questions. Lanes that are not known yet get a camera of their own, those that are no more
/// lose it.</summary>
/// <param name="Lanes">All of them.</param>
/// <param name="Sources">Of the lanes that are new.</param>
/// <param name="Plans">For the judge and the publisher.</param>
internal sealed record ChangeCameras(
    IReadOnlyList<CameraLane> Lanes, IReadOnlyDictionary<CameraLane, ICameraSource> Sources, PlansChanged Plans);

/// <summary>Everything the actors are made from.</summary>
internal sealed record EdgeContext(
    EdgeSettings Settings,
    PipelineContext Pipeline,
    JudgeDesk Desk,
    QuestionKeeper Keeper,
    QuestionBoard Board,
    Func<EdgeStats> Snapshot,
    Func<double> Random,
    EdgeReports Reports);

/// <summary>Creates the actors and holds their faults apart: a camera, the judge, the publisher or the statistics start
/// again alone; a pipeline actor that breaks outside its own budget fails the system.</summary>
internal sealed partial class EdgeSupervisor : ReceiveActor
{
    private static readonly TimeSpan LongestLeave = TimeSpan.FromSeconds(30);

    private readonly EdgeContext _context;
    private readonly ILogger _logger;
    private readonly IActorRef _publisher;
    private readonly IActorRef _stats;
    private readonly IActorRef _pipeline;
    private readonly IActorRef _inbox;
    private readonly IActorRef _judge;
    private readonly Dictionary<CameraLane, IActorRef> _cameras = [];
    private int _hired;
    private bool _started;
    private bool _stopping;

    public EdgeSupervisor(EdgeContext context)
    {
        _context = context;
        _logger = context.Pipeline.Loggers.CreateLogger<EdgeSupervisor>();
        _publisher = Context.ActorOf(Publisher(context), "mqtt");
        _stats = Context.ActorOf(Stats(context, _publisher), "stats");
        _judge = Context.ActorOf(Judge(context, _publisher), "judge");
        _pipeline = Context.ActorOf(Props.Create(() => new PipelineActor(context.Pipeline)), "pipeline");
        _inbox = Context.ActorOf(Inbox(context, _publisher), "inbox");
        Receive<CallCrew>(_ =>
        {
            _stopping = true;
            Sender.Tell(new EdgeCrew([.. _cameras.Values], _pipeline, _judge, _publisher, _stats, _inbox));
        });
        Receive<FrameAnswered>(_judge.Forward);
        Receive<ChangeCameras>(Change);
        Receive<Hire>(hire => Start(hire.Lane, hire.Source));
        Receive<PipelineStarted>(_ => StartCameras());
        Receive<PipelineDrained>(_ => context.Reports.Drained.TrySetResult());
        Receive<PipelineFailed>(failed => Failed(failed.Fault));
        Receive<CameraFinished>(finished => LogCameraFinished(finished.Camera.Value));
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(fault =>
    {
        if (!Sender.Equals(_pipeline))
        {
            return Directive.Restart;
        }

        Failed(fault);
        return Directive.Stop;
    });

    private void StartCameras()
    {
        if (_stopping)
        {
            return;
        }

        _started = true;
        foreach (var lane in _context.Pipeline.Lanes.Now.Where(lane => !_cameras.ContainsKey(lane)))
        {
            Start(lane, _context.Pipeline.Parts.Cameras.Single(source => source.Id == lane.Plan.Id));
        }

        _context.Reports.Started.TrySetResult();
    }

    private void Start(CameraLane lane, ICameraSource source)
    {
        // Meanwhile the box may have been stopped, or the camera removed again.
        if (_started && !_stopping && _context.Pipeline.Lanes.Now.Contains(lane))
        {
            // A camera of the same name may still be on its way out.
            _cameras[lane] = Context.ActorOf(
                Camera(_context, lane, source, _publisher), $"camera-{lane.Plan.Id}-{++_hired}");
        }
    }

    private void Change(ChangeCameras change)
    {
        _judge.Tell(change.Plans);
        var leaving = new Dictionary<CameraId, Task>();
        foreach (var (lane, camera) in _cameras.Where(entry => !change.Lanes.Contains(entry.Key)).ToList())
        {
            _cameras.Remove(lane);
            leaving[lane.Plan.Id] = camera.GracefulStop(LongestLeave, StopCamera.Instance);
        }

        foreach (var (lane, source) in change.Sources)
        {
            // Few devices can be opened twice, so the new one waits for the old one's end.
            leaving.GetValueOrDefault(lane.Plan.Id, Task.CompletedTask).ContinueWith(
                _ => new Hire(lane, source), TaskScheduler.Default).PipeTo(Self);
        }
    }

    private void Failed(Exception fault)
    {
        _context.Reports.Started.TrySetException(fault);
        _context.Reports.Failed.TrySetResult(fault);
        _context.Reports.Drained.TrySetResult();
    }

    private sealed record Hire(CameraLane Lane, ICameraSource Source);

    private static Props Judge(EdgeContext context, IActorRef publisher) => Props.Create(() => new JudgeActor(
        context.Desk, context.Keeper, publisher, context.Pipeline.Time));

    private static Props Publisher(EdgeContext context)
    {
        var parts = context.Pipeline.Parts;
        var messages = new EdgeMessages(context.Settings, parts);
        return Props.Create(() => new MqttActor(
            parts.Link,
            parts.Outbox,
            messages,
            context.Settings.Cameras,
            context.Board.Switches,
            Devices(context),
            context.Pipeline.Counters.Mqtt,
            context.Settings.BrokerReconnect,
            context.Random,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<MqttActor>()));
    }

    private static DeviceAnnouncer Devices(EdgeContext context) =>
        new(context.Settings.HomeAssistant, context.Settings, context.Pipeline.Parts.Topics);

    private static Props Inbox(EdgeContext context, IActorRef publisher)
    {
        var parts = context.Pipeline.Parts;
        var helpers = new InboxHelpers(
            Asks(context, publisher),
            publisher,
            context.Board.Switches,
            Devices(context),
            () => [.. context.Pipeline.Lanes.Now.Select(lane => lane.Plan)]);
        return Props.Create(() => new InboxActor(
            parts.Link,
            parts.Topics,
            context.Settings,
            helpers,
            context.Pipeline.Counters.Mqtt,
            context.Random,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<InboxActor>()));
    }

    private static Props Asks(EdgeContext context, IActorRef publisher)
    {
        var pipeline = context.Pipeline;
        var places = new AskPlaces(() => pipeline.Lanes.Now, pipeline.Pictures, pipeline.Parts.PictureToFrame);
        var replies = new AskReplies(context.Settings, pipeline.Parts.Topics, places.IsKnown, pipeline.Time);
        return Props.Create(() => new AskActor(
            context.Settings.Asks,
            places,
            replies,
            publisher,
            pipeline.Counters.Asks,
            pipeline.Time,
            pipeline.Loggers.CreateLogger<AskActor>()));
    }

    private static Props Stats(EdgeContext context, IActorRef publisher) => Props.Create(() => new StatsActor(
        context.Snapshot,
        context.Pipeline.Parts.StatsToBytes,
        publisher,
        context.Settings.Pipeline.StatsEvery,
        context.Pipeline.Time));

    private static Props Camera(
        EdgeContext context, CameraLane lane, ICameraSource source, IActorRef publisher) =>
        Props.Create(() => new CameraActor(
            source,
            lane,
            publisher,
            context.Settings.CameraReconnect,
            context.Random,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<CameraActor>()));

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera} has no more frames.")]
    private partial void LogCameraFinished(string camera);
}
