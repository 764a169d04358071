using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Announces the service and its cameras to Home Assistant, and removes what no longer exists. The broker retains the announcements of
/// earlier runs, so nothing has to be remembered here.</summary>
internal sealed class DeviceAnnouncer(HomeAssistantSettings settings, EdgeSettings edge, NodeTopics topics)
{
    private readonly DiscoveryTopics _discovery = new(settings.Prefix, edge.Node);
    private readonly DeviceMessage _message = new(topics);

    /// <summary>One message for each camera; none when Home Assistant discovery is off.</summary>
    public IEnumerable<OutboundMessage> Devices(IEnumerable<CameraConfiguration> cameras) =>
        settings.Enabled ? cameras.Select(Device) : [];

    /// <summary>The service itself, through which the cameras are connected; none when Home Assistant discovery is off.</summary>
    public IEnumerable<OutboundMessage> Service() => settings.Enabled ? [ServiceDevice()] : [];

    /// <summary>Compares a retained announcement with the current cameras.</summary>
    /// <param name="kept">A retained message to one of this node's discovery topics.</param>
    /// <param name="cameras">The current cameras.</param>
    /// <returns>Messages that remove what no longer exists; usually none. To be published once, in this order.</returns>
    public IEnumerable<OutboundMessage> Removals(InboundMessage kept, IReadOnlyList<CameraConfiguration> cameras)
    {
        if (settings.Enabled && kept.Topic == _discovery.Node)
        {
            return _message.Removal(Announced(), kept.Payload.Span) is { } gone ? [Retained(kept.Topic, gone), ServiceDevice()] : [];
        }

        if (!settings.Enabled || kept.Payload.IsEmpty || _discovery.Camera(kept.Topic) is not { } camera)
        {
            return [];
        }

        if (cameras.FirstOrDefault(it => it.Id.Value == camera) is not { } plan)
        {
            return [Retained(kept.Topic, [])];
        }

        return _message.Removal(ToAnnounced(plan), kept.Payload.Span) is { } removal
            ? [Retained(kept.Topic, removal), Device(plan)]
            : [];
    }

    /// <summary>The same when the cameras change at run time.</summary>
    public IEnumerable<OutboundMessage> Removals(IEnumerable<CameraConfiguration> before, IReadOnlyList<CameraConfiguration> now) =>
        Devices(before).SelectMany(device => Removals(new InboundMessage(device.Topic, device.Payload, true), now));

    private OutboundMessage Device(CameraConfiguration plan) =>
        Retained(_discovery.Config(plan.Id.Value), _message.Device(ToAnnounced(plan)));

    private OutboundMessage ServiceDevice() => Retained(_discovery.Node, _message.Service(Announced()));

    private AnnouncedService Announced() => new(edge.Node, edge.ModelInUse)
    {
        ModelFamily = settings.ModelFamily,
        PageUrl = settings.PageUrl,
        HasEventPictures = settings.HasEventPictures,
        HasLabels = settings.HasLabels,
        Modes = [.. edge.Modes.Select(mode => mode.Name)],
    };

    private AnnouncedCamera ToAnnounced(CameraConfiguration plan) =>
        new(Announced(), plan.Id.Value, plan.Snapshot, [.. plan.Questions.Select(ToAnnounced)])
        {
            Views = plan.Scene.CheckView ? ViewStates.Words : [],
        };

    private static AnnouncedQuestion ToAnnounced(StandingQuestion question)
    {
        var handler = AnswerHandler.Of(question.Kind);
        return new AnnouncedQuestion(question.Id, handler.Published)
        {
            Choices = question.Choices,
            Unit = question.Number.Unit,
            DeviceClass = question.DeviceClass,
            HasEvents = AnswerHandler.HasEvents(question),
            EventStates = handler.EventStates(question),
            IsTaught = question.Taught?.Scorer?.Reference is not null,
        };
    }

    private OutboundMessage Retained(string topic, byte[] body) =>
        new(topic, body, Retain: true, edge.Mqtt.StateQos, "application/json");
}
