using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Asks;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Inbox;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;

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
    IReadOnlyList<IActorRef> Cameras, IActorRef Pipeline, IActorRef Publisher, IActorRef Stats, IActorRef Inbox);

/// <summary>Everything the actors are made from.</summary>
internal sealed record EdgeContext(
    EdgeSettings Settings,
    PipelineContext Pipeline,
    Func<EdgeStats> Snapshot,
    QuestionSwitches Switches,
    Func<double> Random,
    EdgeReports Reports);

/// <summary>Creates the actors and holds their faults apart: a camera, the publisher or the statistics start again
/// alone; a pipeline actor that breaks outside its own budget fails the system.</summary>
internal sealed partial class EdgeSupervisor : ReceiveActor
{
    private readonly EdgeContext _context;
    private readonly ILogger _logger;
    private readonly IActorRef _publisher;
    private readonly IActorRef _stats;
    private readonly IActorRef _pipeline;
    private readonly IActorRef _inbox;
    private IReadOnlyList<IActorRef> _cameras = [];
    private bool _stopping;

    public EdgeSupervisor(EdgeContext context)
    {
        _context = context;
        _logger = context.Pipeline.Loggers.CreateLogger<EdgeSupervisor>();
        _publisher = Context.ActorOf(Publisher(context), "mqtt");
        _stats = Context.ActorOf(Stats(context, _publisher), "stats");
        _pipeline = Context.ActorOf(Props.Create(() => new PipelineActor(context.Pipeline)), "pipeline");
        _inbox = Context.ActorOf(Inbox(context, _publisher), "inbox");
        Receive<CallCrew>(_ =>
        {
            _stopping = true;
            Sender.Tell(new EdgeCrew(_cameras, _pipeline, _publisher, _stats, _inbox));
        });
        Receive<FrameAnswered>(_publisher.Forward);
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

        _cameras = [.. _context.Pipeline.Lanes.Select(lane => Context.ActorOf(
            Camera(_context, lane, _publisher), $"camera-{lane.Plan.Id}"))];
        _context.Reports.Started.TrySetResult();
    }

    private void Failed(Exception fault)
    {
        _context.Reports.Started.TrySetException(fault);
        _context.Reports.Failed.TrySetResult(fault);
        _context.Reports.Drained.TrySetResult();
    }

    private static Props Publisher(EdgeContext context)
    {
        var parts = context.Pipeline.Parts;
        var messages = new EdgeMessages(context.Settings, parts.Topics, parts.AnswerToBytes);
        var devices = Devices(context).Devices(context.Settings.Cameras).ToList();
        return Props.Create(() => new MqttActor(
            parts.Link,
            messages,
            context.Settings.Cameras,
            context.Switches,
            devices,
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
        var helpers = new InboxHelpers(Asks(context, publisher), publisher, context.Switches, Devices(context));
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
        var places = new AskPlaces(() => pipeline.Lanes, pipeline.Pictures, pipeline.Parts.PictureToFrame);
        var replies = new AskReplies(context.Settings, pipeline.Parts.Topics, pipeline.Time);
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

    private static Props Camera(EdgeContext context, CameraLane lane, IActorRef publisher)
    {
        var source = context.Pipeline.Parts.Cameras.Single(source => source.Id == lane.Plan.Id);
        return Props.Create(() => new CameraActor(
            source,
            lane,
            publisher,
            context.Settings.CameraReconnect,
            context.Random,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<CameraActor>()));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera} has no more frames.")]
    private partial void LogCameraFinished(string camera);
}
