using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Which queue a message came from.</summary>
internal enum OutgoingQueue
{
    Reply,
    Retained,
    Event,
}

/// <summary>A message that was given to the broker and whose outcome is not known yet.</summary>
internal sealed record InFlightMessage(OutboundMessage Message, OutgoingQueue Queue);

/// <summary>Everything that waits for the broker: retained values, replies and events, and the one message that is on its
/// way. Outlives the actor that publishes it. One caller at a time.</summary>
/// <param name="retained">The latest value of each topic.</param>
/// <param name="replies">Messages that are said once.</param>
/// <param name="events">Events in the outbox.</param>
internal sealed class OutgoingMessages(LatestByTopic retained, OnceQueue replies, EventLine events)
{
    private const int QueueCount = 3;

    private OutgoingQueue _last = OutgoingQueue.Event;
    private bool _retainedSentOnce;

    public LatestByTopic Retained => retained;

    public OnceQueue Replies => replies;

    public EventLine Events => events;

    /// <summary>Null when the next message may be sent.</summary>
    public InFlightMessage? InFlight { get; private set; }

    /// <summary>Only what <see cref="Retained"/> holds is sent: the end of a stop.</summary>
    public bool OnlyRetained { get; set; }

    /// <summary>A new connection: all retained values are sent again, before any event.</summary>
    public void Connected()
    {
        retained.SendAfresh();
        events.Connected();
        _retainedSentOnce = false;
    }

    /// <summary>The next message to send, which is in flight from now on, or null when nothing waits. The three queues
    /// take turns, so that none delays another by more than two messages.</summary>
    /// <param name="toMessage">Composes an event. May throw, which changes nothing.</param>
    public InFlightMessage? TakeNext(Func<EventPayload, OutboundMessage> toMessage)
    {
        _retainedSentOnce |= retained.WaitingCount == 0;
        for (var turn = 1; turn <= QueueCount; turn++)
        {
            var queue = (OutgoingQueue)(((int)_last + turn) % QueueCount);
            if (Peek(queue, toMessage) is { } message)
            {
                (_last, InFlight) = (queue, new InFlightMessage(message, queue));
                return InFlight;
            }
        }

        return null;
    }

    /// <summary>Handles the outcome of a message. Does nothing, and returns false, for one that is not in flight any
    /// more.</summary>
    public bool TrySettle(InFlightMessage message, PublishOutcomeKind outcome)
    {
        if (!ReferenceEquals(message, InFlight))
        {
            return false;
        }

        InFlight = null;
        switch (outcome)
        {
            case PublishOutcomeKind.Accepted when message.Queue == OutgoingQueue.Retained:
                retained.Accepted(message.Message);
                break;
            case PublishOutcomeKind.Lost:
                SendAgain(message);
                break;
        }

        return true;
    }

    private OutboundMessage? Peek(OutgoingQueue queue, Func<EventPayload, OutboundMessage> toMessage) => queue switch
    {
        OutgoingQueue.Retained => retained.TakeNext(),
        _ when OnlyRetained => null,
        OutgoingQueue.Reply => replies.TakeNext(),

        // Subscribers that were away get the current states before the events.
        OutgoingQueue.Event => _retainedSentOnce && events.Ready is { } happened ? toMessage(happened) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(queue)),
    };

    private void SendAgain(InFlightMessage lost)
    {
        switch (lost.Queue)
        {
            case OutgoingQueue.Retained:
                retained.SendAgain(lost.Message);
                break;
            case OutgoingQueue.Reply:
                replies.AddAgain(lost.Message);
                break;
            case OutgoingQueue.Event:
                events.Lost();
                break;
        }
    }
}
