namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

/// <summary>Counts what the embedded broker keeps, and refuses what would be too much. Thread-safe.</summary>
internal sealed class RetainedBudget(int maxMessages, long maxBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _bytesByTopic = [];
    private long _bytes;

    /// <summary>Books a retained message, which replaces the topic's former one; an empty one only removes it.</summary>
    /// <returns>Whether it fits; if not, nothing changed.</returns>
    public bool TryKeep(string topic, long bytes)
    {
        lock (_gate)
        {
            var known = _bytesByTopic.TryGetValue(topic, out var before);
            if (bytes == 0)
            {
                _bytesByTopic.Remove(topic);
                _bytes -= before;
                return true;
            }

            if ((!known && _bytesByTopic.Count >= maxMessages) || _bytes - before + bytes > maxBytes)
            {
                return false;
            }

            _bytesByTopic[topic] = (int)bytes;
            _bytes += bytes - before;
            return true;
        }
    }
}
