using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Messages that are published once and in order, such as replies: none replaces another. Bounded; the oldest
/// reply is dropped, because its receiver has probably given up already. Retained messages, which correct what a broker
/// keeps and are few, are never dropped.</summary>
internal sealed class OneTimeQueue(int most)
{
    private readonly LinkedList<OutboundMessage> _waiting = [];

    public int Count => _waiting.Count;

    /// <returns>The message that was dropped for it, or null.</returns>
    public OutboundMessage? Add(OutboundMessage message)
    {
        _waiting.AddLast(message);
        return DropAboveLimit();
    }

    /// <summary>Puts a message that was not acknowledged at the front.</summary>
    public void Requeue(OutboundMessage message)
    {
        if (message.Retain || _waiting.Count < most)
        {
            _waiting.AddFirst(message);
        }
    }

    /// <summary>The next message in line, or null.</summary>
    public OutboundMessage? TakeNext()
    {
        var first = _waiting.First?.Value;
        if (first is not null)
        {
            _waiting.RemoveFirst();
        }

        return first;
    }

    private OutboundMessage? DropAboveLimit()
    {
        if (_waiting.Count <= most)
        {
            return null;
        }

        for (var oldest = _waiting.First; oldest is not null; oldest = oldest.Next)
        {
            if (!oldest.Value.Retain)
            {
                _waiting.Remove(oldest);
                return oldest.Value;
            }
        }

        return null;
    }
}
