using System.Collections.Concurrent;

namespace MobileVlm.Edge.Actors.History;

/// <summary>The ids of the newest events of which something is stored. Older ones were published long ago. Thread-safe.</summary>
internal sealed class RememberedEvents
{
    private const int MaxRemembered = 1000;

    private readonly ConcurrentDictionary<Guid, bool> _ids = new();
    private readonly ConcurrentQueue<Guid> _order = new();

    public bool Contains(Guid id) => _ids.ContainsKey(id);

    public void Add(Guid id)
    {
        if (_ids.TryAdd(id, true))
        {
            _order.Enqueue(id);
        }

        while (_order.Count > MaxRemembered && _order.TryDequeue(out var old))
        {
            _ids.TryRemove(old, out _);
        }
    }
}
