using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The queue from which a message came.</summary>
internal enum OutgoingQueue
{
    OneTime,
    Retained,
    Event,
}

/// <summary>A message that was given to the broker and whose outcome is not known yet.</summary>
internal sealed record InFlightMessage(OutboundMessage Message, OutgoingQueue Queue);

/// <summary>Everything that waits for the broker: retained values, replies and events, and those in flight. One reply and
/// one event at a time, because their order matters, and several retained values. So a flood in one queue over a slow
/// connection does not hold up the others. Outlives the actor that publishes it. One caller at a time.</summary>
/// <param name="retained">The latest value of each topic.</param>
/// <param name="oneTime">Messages that are published once.</param>
/// <param name="events">Events in the outbox.</param>
internal sealed class OutgoingMessages(LatestByTopic retained, OneTimeQueue oneTime, EventDeliveryState events)
{
    /// <summary>Maximum of retained values in flight at once. A broker that accepts fewer messages in flight (Receive Maximum
    /// of MQTT 5) is not sent more: the link waits for a free slot.</summary>
    public const int MaxRetainedInFlight = 8;

    private const int QueueCount = 3;

    private readonly List<InFlightMessage> _inFlight = [];
    private OutgoingQueue _last = OutgoingQueue.Event;
    private bool _retainedSentOnce;
    private bool _wasLost;
    private int _leftToSendAlone;
    private bool _alwaysAlone;

    public LatestByTopic Retained => retained;

    public OneTimeQueue OneTime => oneTime;

    public EventDeliveryState Events => events;

    /// <summary>The outcome of each message is known.</summary>
    public bool IsSettled => _inFlight.Count == 0;

    /// <summary>From now on sends only messages in <see cref="Retained"/>, for the end of a stop.</summary>
    public bool OnlyRetained { get; set; }

    /// <summary>A new connection: all retained values are sent again, before any event.</summary>
    public void Connected()
    {
        retained.RequeueAll();
        events.Connected();
        _retainedSentOnce = false;

        // One of the lost messages may be the reason why the broker closed the connection. Sent one at a time, it is found and
        // then not sent again. The queues take turns, so each lost message is sent within this many messages.
        _leftToSendAlone = _wasLost ? QueueCount * (retained.WaitingCount + 2) : 0;
        _wasLost = false;
    }

    /// <summary>The next message to send, which is in flight from now on, or null when nothing waits that may be sent now. The
    /// three queues take turns, so that none delays another by more than two messages.</summary>
    /// <param name="toMessage">Composes an event. May throw, which changes nothing.</param>
    public InFlightMessage? TakeNext(Func<EventPayload, OutboundMessage> toMessage)
    {
        _retainedSentOnce |= retained.WaitingCount == 0;
        if ((_alwaysAlone || _leftToSendAlone > 0) && !IsSettled)
        {
            return null;
        }

        for (var turn = 1; turn <= QueueCount; turn++)
        {
            var queue = (OutgoingQueue)(((int)_last + turn) % QueueCount);
            if (_inFlight.Count(it => it.Queue == queue) < MaxInFlight(queue) && TakeFromQueue(queue, toMessage) is { } message)
            {
                var next = new InFlightMessage(message, queue);
                _last = queue;
                _inFlight.Add(next);
                return next;
            }
        }

        return null;
    }

    /// <summary>The broker closed the connection because of this message, and will do so for others like it. From now on only
    /// one message is in flight, so that it is known which one the broker rejects. A retained value is not sent again, because
    /// each connection would end the same way.</summary>
    public void CausedDisconnect(InFlightMessage message)
    {
        _alwaysAlone = true;
        if (message.Queue == OutgoingQueue.Retained)
        {
            retained.Forget(message.Message);
        }
    }

    /// <summary>Handles the outcome of a message. Does nothing, and returns false, for one that is not in flight any
    /// more.</summary>
    public bool TrySettle(InFlightMessage message, PublishOutcomeKind outcome)
    {
        if (_inFlight.FindIndex(it => ReferenceEquals(it, message)) is not (>= 0 and var index))
        {
            return false;
        }

        _inFlight.RemoveAt(index);
        _leftToSendAlone -= outcome == PublishOutcomeKind.Unacknowledged || _leftToSendAlone == 0 ? 0 : 1;
        switch (outcome)
        {
            case PublishOutcomeKind.Accepted when message.Queue == OutgoingQueue.Retained:
                retained.Accepted(message.Message);
                break;
            case PublishOutcomeKind.Unacknowledged:
                _wasLost = true;
                SendAgain(message);
                break;
        }

        return true;
    }

    private static int MaxInFlight(OutgoingQueue queue) => queue == OutgoingQueue.Retained ? MaxRetainedInFlight : 1;

    private OutboundMessage? TakeFromQueue(OutgoingQueue queue, Func<EventPayload, OutboundMessage> toMessage) => queue switch
    {
        OutgoingQueue.Retained => retained.TakeNext(),
        _ when OnlyRetained => null,
        OutgoingQueue.OneTime => oneTime.TakeNext(),

        // Subscribers that were away get the current states before the events.
        OutgoingQueue.Event => _retainedSentOnce && events.Ready is { } happened ? toMessage(happened) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(queue)),
    };

    private void SendAgain(InFlightMessage lost)
    {
        switch (lost.Queue)
        {
            case OutgoingQueue.Retained:
                retained.Requeue(lost.Message);
                break;
            case OutgoingQueue.OneTime:
                oneTime.Requeue(lost.Message);
                break;
            case OutgoingQueue.Event:
                events.MarkUnacknowledged();
                break;
        }
    }
}
