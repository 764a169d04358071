using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Cluster;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>Creates each actor.</summary>
internal sealed class EdgeActors(EdgeContext context)
{
    public Props Pipeline(IActorRef evaluation) => context.Pipeline.Dependencies.HasModel
        ? Props.Create(() => new PipelineActor(context.Pipeline, evaluation))
        : Props.Create(() => new RemotePipelineActor(context.Pipeline, () => context.IsRemoteIdle()));

    public Props Evaluation(IActorRef publisher) => Props.Create(() => new EvaluationActor(
        context.Surviving.Evaluators,
        context.Surviving.Store,
        publisher,
        context.Pipeline.Time,
        context.Pipeline.Loggers.CreateLogger<EvaluationActor>()));

    public Props Publisher()
    {
        var dependencies = context.Pipeline.Dependencies;
        var messages = new MessageFactory(context.Settings, dependencies.Topics, context.Clock, context.Pipeline.History);
        Func<CameraId, bool> isOnline = camera => context.Pipeline.Counters[camera].Online;
        return Props.Create(() => new PublisherActor(
            context.Surviving.Publisher,
            dependencies.Link,
            messages,
            new CameraMessages(messages, context.States, Devices(), isOnline),
            context.States,
            context.Surviving.Writer,
            () => MqttJson.Serialize(context.Snapshot()),
            context.Pipeline.Counters.Mqtt,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<PublisherActor>()));
    }

    public Props Commands(IActorRef publisher, IActorRef adHoc)
    {
        var dependencies = context.Pipeline.Dependencies;
        var helpers = new CommandHelpers(
            adHoc,
            publisher,
            context.States,
            Devices(),
            () => [.. context.Pipeline.Intakes.Current.Select(intake => intake.Configuration)],
            context.Labels);
        return Props.Create(() => new CommandActor(
            context.Surviving.Commands,
            dependencies.Link,
            dependencies.Topics,
            context.Settings,
            helpers,
            context.Pipeline.Counters.Mqtt,
            context.Random,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<CommandActor>()));
    }

    public Props AdHoc(IActorRef publisher)
    {
        var pipeline = context.Pipeline;
        var adHocContext = new AdHocContext(
            () => pipeline.Intakes.Current, pipeline.Uploads, context.Surviving.Decoding, context.Settings.Remote);
        var replies = new AdHocReplies(context.Settings, pipeline.Dependencies.Topics, adHocContext.IsKnown, context.Clock, pipeline.Time);
        return Props.Create(() => new AdHocActor(
            context.Settings.Asks,
            context.Surviving.Requests,
            adHocContext,
            replies,
            publisher,
            pipeline.Counters.Asks,
            pipeline.Time,
            pipeline.Loggers.CreateLogger<AdHocActor>()));
    }

    public Props Stats(IActorRef publisher) => Props.Create(() => new StatsActor(
        context.Surviving.Stats,
        context.Snapshot,
        publisher,
        context.Settings.Pipeline.StatsEvery,
        context.Pipeline.Time,
        context.Pipeline.Loggers.CreateLogger<StatsActor>()));

    public Props Camera(CameraIntake intake, ICameraSource source, IActorRef publisher)
    {
        var run = new CaptureState(Monitored(intake, source, publisher), intake, context.Settings.CameraReconnect, context.Random);
        return Props.Create(() => new CameraActor(
            run,
            publisher,
            context.Pipeline.Time,
            context.Pipeline.Loggers.CreateLogger<CameraActor>()));
    }

    private MonitoredSource Monitored(
        CameraIntake intake, ICameraSource source, IActorRef publisher) => new(
            source,
            intake.Monitor,
            intake.Counters,
            context.Pipeline.Dependencies.FrameToJpeg,
            publisher.Tell,
            context.Pipeline.Loggers.CreateLogger<MonitoredSource>());

    private DeviceAnnouncer Devices() =>
        new(context.Settings.HomeAssistant, context.Settings, context.Pipeline.Dependencies.Topics);
}
