using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Handles the outcome of each publish: the message leaves its queue or waits again, or the connection is reported as
/// lost. One caller at a time.</summary>
internal sealed class PublishOutcomes(
    PublisherState state,
    IMqttLink link,
    EventFlow events,
    BrokerConnector connector,
    MqttCounters counters,
    TimeProvider time,
    PublisherLog log)
{
    private readonly OutgoingMessages _outgoing = state.Outgoing;

    /// <summary>Handles an outcome; one that was handled before is ignored.</summary>
    public void Handle(PublishEnded ended)
    {
        var (message, outcome) = (ended.InFlight, ended.Outcome);
        var isEvent = message.Queue == OutgoingQueue.Event;
        if (!_outgoing.TrySettle(message, outcome.Kind))
        {
            return;
        }

        if (outcome.Kind == PublishOutcomeKind.Refused && !link.IsConnected)
        {
            _outgoing.CausedDisconnect(message);
        }

        // State changes first, notifications last, so that a failure below is harmless.
        switch (outcome.Kind)
        {
            case PublishOutcomeKind.Accepted when isEvent:
                events.Acknowledged();
                break;
            case PublishOutcomeKind.Refused when isEvent:
                events.Refused(message.Message.Topic);
                break;
            case PublishOutcomeKind.Unacknowledged when state.Connection.IsConnected:
                connector.Lost(outcome.Reason);
                break;
        }

        if (outcome.Kind == PublishOutcomeKind.Accepted)
        {
            counters.Accepted(time.GetElapsedTime(ended.StartedAt));
        }
        else
        {
            counters.Update(mqtt => mqtt.Failed++);
        }

        if (outcome.Kind == PublishOutcomeKind.Refused)
        {
            log.Refused(message.Message.Topic, outcome.Reason);
        }
    }
}
