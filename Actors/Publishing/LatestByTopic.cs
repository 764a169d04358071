using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The latest message of each topic, and which of them still have to be sent. A topic waits at most
/// once, so the memory is bounded by the number of topics, however long the broker is away.</summary>
internal sealed class LatestByTopic
{
    private readonly OrderedDictionary<string, OutboundMessage> _latest = [];
    private readonly OrderedDictionary<string, bool> _waiting = [];

    public int WaitingCount => _waiting.Count;

    /// <summary>Replaces the topic's older message, in the queue as well.</summary>
    public void Set(OutboundMessage message)
    {
        _latest[message.Topic] = message;
        _waiting[message.Topic] = true;
    }

    /// <summary>Makes all topics wait again, in the order in which they were first set.</summary>
    public void RequeueAll()
    {
        _waiting.Clear();
        foreach (var topic in _latest.Keys)
        {
            _waiting[topic] = true;
        }
    }

    /// <summary>Puts a message that was not acknowledged at the front, unless a newer one waits.</summary>
    public void Requeue(OutboundMessage message)
    {
        if (!_waiting.ContainsKey(message.Topic) && _latest.ContainsKey(message.Topic))
        {
            _waiting.Insert(0, message.Topic, true);
        }
    }

    /// <summary>The broker acknowledged a message. A topic whose retained message was cleared is removed here too.</summary>
    public void Accepted(OutboundMessage message)
    {
        if (message.Payload.IsEmpty)
        {
            Forget(message);
        }
    }

    /// <summary>A message that must not be sent again; a newer one of its topic may.</summary>
    public void Forget(OutboundMessage message)
    {
        if (_latest.TryGetValue(message.Topic, out var latest) && ReferenceEquals(latest, message))
        {
            _latest.Remove(message.Topic);
            _waiting.Remove(message.Topic);
        }
    }

    /// <summary>Marks all messages as not waiting; <see cref="RequeueAll"/> makes them wait again.</summary>
    public void ClearWaiting() => _waiting.Clear();

    /// <summary>The next message in line, or null.</summary>
    public OutboundMessage? TakeNext()
    {
        if (_waiting.Count == 0)
        {
            return null;
        }

        var topic = _waiting.GetAt(0).Key;
        _waiting.RemoveAt(0);
        return _latest[topic];
    }
}
