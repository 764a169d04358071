using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors;

/// <summary>Messages that are said once and in order, such as replies: none takes the place of another. Bounded; the
/// oldest is dropped, since whoever waited for it has waited longest in vain.</summary>
internal sealed class OnceQueue(int most)
{
    private readonly LinkedList<OutboundMessage> _waiting = [];

    /// <returns>True if another one was dropped for it.</returns>
    public bool Add(OutboundMessage message)
    {
        _waiting.AddLast(message);
        if (_waiting.Count <= most)
        {
            return false;
        }

        _waiting.RemoveFirst();
        return true;
    }

    /// <summary>Puts a message that was not heard first in line.</summary>
    public void AddAgain(OutboundMessage message)
    {
        if (_waiting.Count < most)
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
}
