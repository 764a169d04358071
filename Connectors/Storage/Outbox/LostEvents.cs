namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>How many events each topic has lost, until its subscribers are told with the next one that gets through. Written
/// to the file together with what changes it. One thread at a time.</summary>
/// <param name="known">By topic, as the file has it.</param>
internal sealed class LostEvents(Dictionary<string, long> known)
{
    private readonly HashSet<string> _unwritten = new(StringComparer.Ordinal);
    private (string Id, string Topic, long Events)? _telling;

    /// <summary>The event that is on its way to the broker, which must not be given up: it would be counted as lost and
    /// arrive. Empty when none is.</summary>
    public string InFlightId => _telling?.Id ?? "";

    /// <summary>The topic of that event; null when none is on its way.</summary>
    public string? InFlightTopic => _telling?.Topic;

    public void Add(string topic, long events)
    {
        known[topic] = known.GetValueOrDefault(topic) + events;
        _unwritten.Add(topic);
    }

    /// <summary>This event goes to the broker next.</summary>
    /// <returns>How many were lost before it.</returns>
    public long Attach(OutboxEvent next)
    {
        var lost = known.GetValueOrDefault(next.Topic);
        _telling = (next.Id, next.Topic, lost);
        return lost;
    }

    /// <summary>The broker has it, and with it the number.</summary>
    public void Acknowledge(string id)
    {
        if (_telling is not { } telling || telling.Id != id)
        {
            return;
        }

        _telling = null;
        if (telling.Events > 0)
        {
            // What was lost meanwhile is told with the next one.
            Add(telling.Topic, -telling.Events);
        }
    }

    /// <summary>What differs from the file, with what a write that is under way adds to it.</summary>
    public IEnumerable<(string Topic, long Events)> Unwritten(IReadOnlyDictionary<string, long> more) =>
        _unwritten.Union(more.Keys).Select(topic => (topic, known.GetValueOrDefault(topic) + more.GetValueOrDefault(topic)));

    /// <summary>That write has succeeded.</summary>
    public void Written(IReadOnlyDictionary<string, long> more)
    {
        foreach (var (topic, events) in more)
        {
            known[topic] = known.GetValueOrDefault(topic) + events;
        }

        _unwritten.Clear();
    }

    /// <summary>Adds what a file knows from an earlier run.</summary>
    public void Restore(IReadOnlyDictionary<string, long> earlier)
    {
        foreach (var (topic, events) in earlier)
        {
            known[topic] = known.GetValueOrDefault(topic) + events;
        }
    }

    /// <summary>A new file knows nothing of it.</summary>
    public void WriteAgain() => _unwritten.UnionWith(known.Keys);
}
