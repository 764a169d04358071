namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>An event with the run of the process and the moment in it at which it came.</summary>
/// <param name="Event">The event.</param>
/// <param name="Run">Which run of the process stored it.</param>
/// <param name="Timestamp">That run's monotonic clock.</param>
internal sealed record TimedEvent(OutboxEvent Event, string Run, long Timestamp);

/// <summary>An event in memory.</summary>
/// <param name="timedEvent">The event.</param>
/// <param name="storedAt">Wall clock when an earlier run stored it; null for one of this run, whose monotonic clock
/// counts.</param>
internal sealed class OutboxEntry(TimedEvent timedEvent, DateTimeOffset? storedAt)
{
    public TimedEvent TimedEvent => timedEvent;

    public OutboxEvent Event => timedEvent.Event;

    public DateTimeOffset? StoredAt => storedAt;

    public long Bytes { get; } = OutboxDatabase.SizeOf(timedEvent.Event);

    /// <summary>The open database has it.</summary>
    public bool IsOnDisk { get; set; }

    /// <summary>A database that cannot be read now may have it.</summary>
    public bool MayBeOnDisk { get; set; }
}

/// <summary>The events in memory, in order: a copy of the newest ones on disk, then those that no disk has. One thread at a
/// time.</summary>
internal sealed class OutboxMemory
{
    private readonly LinkedList<OutboxEntry> _entries = new();
    private readonly Dictionary<string, LinkedListNode<OutboxEntry>> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    public long Bytes { get; private set; }

    /// <summary>All events, from the oldest to the newest.</summary>
    public IEnumerable<OutboxEntry> Entries => _entries;

    /// <summary>The events that the open database does not have.</summary>
    public IEnumerable<OutboxEntry> NotOnDisk => _entries.Where(entry => !entry.IsOnDisk);

    public OutboxEntry? Find(string id) => _byId.TryGetValue(id, out var node) ? node.Value : null;

    public void Append(OutboxEntry entry)
    {
        _byId.Add(entry.Event.Id, _entries.AddLast(entry));
        Of(entry).Add(entry, atEnd: true);
        Bytes += entry.Bytes;
    }

    /// <summary>Adds entries before all others.</summary>
    /// <param name="older">The events, in order.</param>
    public void Prepend(IEnumerable<OutboxEntry> older)
    {
        foreach (var entry in older.Reverse())
        {
            _byId.Add(entry.Event.Id, _entries.AddFirst(entry));
            Of(entry).Add(entry, atEnd: false);
            Bytes += entry.Bytes;
        }
    }

    /// <returns>Whether it was there.</returns>
    public bool Remove(string id)
    {
        if (!_byId.Remove(id, out var node))
        {
            return false;
        }

        var entry = node.Value;
        _entries.Remove(node);
        Bytes -= entry.Bytes;
        if (Of(entry).Remove(entry))
        {
            _topics.Remove(entry.Event.Topic);
        }

        return true;
    }

    /// <summary>The event to drop first when space runs out: the oldest of the topic that takes most of it, as on disk.</summary>
    /// <param name="exceptId">This one stays.</param>
    public OutboxEntry? OldestOfTheLargestTopic(string exceptId) => _topics.Values
        .OrderByDescending(topic => topic.Bytes)
        .Select(topic => topic.Entries.FirstOrDefault(entry => !entry.IsOnDisk && entry.Event.Id != exceptId))
        .FirstOrDefault(entry => entry is not null);

    private Topic Of(OutboxEntry entry)
    {
        if (!_topics.TryGetValue(entry.Event.Topic, out var topic))
        {
            _topics.Add(entry.Event.Topic, topic = new Topic());
        }

        return topic;
    }

    private sealed class Topic
    {
        public LinkedList<OutboxEntry> Entries { get; } = new();

        public long Bytes { get; private set; }

        public void Add(OutboxEntry entry, bool atEnd)
        {
            Bytes += entry.Bytes;
            if (atEnd)
            {
                Entries.AddLast(entry);
            }
            else
            {
                Entries.AddFirst(entry);
            }
        }

        /// <returns>Whether it was the last one.</returns>
        public bool Remove(OutboxEntry entry)
        {
            Bytes -= entry.Bytes;
            Entries.Remove(entry);
            return Entries.Count == 0;
        }
    }
}
