namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>Counts the lost events of each topic until the next delivered event reports them to its subscribers. Written
/// to the file together with the changes that cause them. One thread at a time.</summary>
/// <param name="known">The counts in the file, by topic.</param>
internal sealed class LostEvents(Dictionary<string, long> known)
{
    private readonly HashSet<string> _unwritten = new(StringComparer.Ordinal);
    private (string Id, string Topic, long Events)? _inFlight;

    /// <summary>The event that is in flight to the broker. It must not be dropped: it may be delivered after all, and would
    /// then be counted as lost as well. Empty when there is none.</summary>
    public string InFlightId => _inFlight?.Id ?? "";

    /// <summary>The topic of that event; null when none is in flight.</summary>
    public string? InFlightTopic => _inFlight?.Topic;

    public void Add(string topic, long events)
    {
        known[topic] = known.GetValueOrDefault(topic) + events;
        _unwritten.Add(topic);
    }

    /// <summary>Records the event that is sent to the broker next.</summary>
    /// <returns>How many were lost before it.</returns>
    public long Attach(OutboxEvent next)
    {
        var lost = known.GetValueOrDefault(next.Topic);
        _inFlight = (next.Id, next.Topic, lost);
        return lost;
    }

    /// <summary>The broker has it, and with it the number.</summary>
    public void Acknowledge(string id)
    {
        if (_inFlight is not { } inFlight || inFlight.Id != id)
        {
            return;
        }

        _inFlight = null;
        if (inFlight.Events > 0)
        {
            // What was lost meanwhile is reported with the next one.
            Add(inFlight.Topic, -inFlight.Events);
        }
    }

    /// <summary>Counts that differ from the file, including those of a write that is in progress.</summary>
    public IEnumerable<(string Topic, long Events)> Unwritten(IReadOnlyDictionary<string, long> more) =>
        _unwritten.Union(more.Keys).Select(topic => (topic, known.GetValueOrDefault(topic) + more.GetValueOrDefault(topic)));

    /// <summary>Records that the write has succeeded.</summary>
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
