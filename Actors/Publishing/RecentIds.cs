namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The ids that were added last. One caller at a time.</summary>
/// <param name="most">Ids that are kept; the oldest is forgotten beyond that.</param>
internal sealed class RecentIds(int most)
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public bool Contains(string id) => _ids.Contains(id);

    public void Add(string id)
    {
        if (!_ids.Add(id))
        {
            return;
        }

        _order.Enqueue(id);
        if (_order.Count > most)
        {
            _ids.Remove(_order.Dequeue());
        }
    }
}
