using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors;

/// <summary>Events that the broker has yet to hear, in their order. Unlike states none takes the place of another one,
/// so there is a limit: the oldest is dropped and counted.</summary>
internal sealed class EventQueue(MqttCounters counters)
{
    /// <summary>Most that wait: some hundred bytes each.</summary>
    public const int Limit = 1000;

    private readonly LinkedList<EventPayload> _waiting = new();

    /// <param name="happened">The event.</param>
    /// <param name="late">The broker is away.</param>
    public void Add(EventPayload happened, bool late)
    {
        if (_waiting.Count == Limit)
        {
            _waiting.RemoveFirst();
            counters.EventsDropped.Increment();
        }

        _waiting.AddLast(happened with { Historical = late });
        Count();
    }

    /// <summary>The next in line, or null.</summary>
    public EventPayload? TakeNext()
    {
        var next = _waiting.First?.Value;
        if (next is not null)
        {
            _waiting.RemoveFirst();
            Count();
        }

        return next;
    }

    /// <summary>The broker did not hear it: it stays first, and all that wait are late now.</summary>
    public void SendAgain(EventPayload happened)
    {
        _waiting.AddFirst(happened);
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            node.Value = node.Value with { Historical = true };
        }

        Count();
    }

    private void Count() => counters.EventsWaiting = _waiting.Count;
}
