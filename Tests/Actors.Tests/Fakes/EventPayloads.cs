using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Events as an earlier run stored them.</summary>
internal static class EventPayloads
{
    public static EventPayload Of(string id) => new()
    {
        Id = id,
        Node = "box",
        Camera = "gate",
        Question = "person",
        Ask = "Is there a person?",
        From = "no",
        To = "yes",
        At = DateTimeOffset.UnixEpoch,
        Since = DateTimeOffset.UnixEpoch,
        Frame = 1,
        Text = "Is there a person? yes",
        HeldBack = 0,
        Historical = false,
        Model = "fake",
    };

    public static OutboxEvent Event(string id) =>
        new(id, "mobilevlm/box/gate/person/event", MqttJson.Serialize(Of(id)));
}
