namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>An outbox that ends with the process: for a demo, and for devices that are given no place to write. Bounded: the
/// oldest event goes first. Thread-safe.</summary>
public sealed class MemoryOutbox(TimeProvider time, int limit = MemoryOutbox.DefaultLimit) : IEventOutbox
{
    /// <summary>Most events that wait, of some hundred bytes each.</summary>
    public const int DefaultLimit = 1000;

    private readonly Lock _lock = new();
    private readonly LinkedList<(OutboxEvent Event, long Since)> _waiting = new();
    private readonly LostEvents _lost = new([]);
    private long _bytes;
    private long _stored;
    private long _removed;
    private long _dropped;

    /// <inheritdoc/>
    public OutboxStats Stats
    {
        get
        {
            lock (_lock)
            {
                // From the steady clock: the wall clock may have been set meanwhile.
                DateTimeOffset? oldest = _waiting.First is { } first ? time.GetUtcNow() - time.GetElapsedTime(first.Value.Since) : null;
                return new OutboxStats(
                    _waiting.Count, _bytes, oldest, _waiting.Count, _stored, _removed, _dropped, 0, 0)
                {
                    Storage = StorageCondition.Off,
                };
            }
        }
    }

    /// <inheritdoc/>
    public Task<StoreOutcome> StoreAsync(OutboxEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        lock (_lock)
        {
            if (_waiting.Any(waiting => waiting.Event.Id == happened.Id))
            {
                return Task.FromResult(StoreOutcome.AlreadyStored);
            }

            if (_waiting.Count >= limit && OldestToDrop() is { } oldest)
            {
                _dropped++;
                _lost.Add(oldest.Value.Event.Topic, 1);
                Leave(oldest);
            }

            _stored++;
            _bytes += OutboxDatabase.SizeOf(happened);
            _waiting.AddLast((happened, time.GetTimestamp()));
            return Task.FromResult(StoreOutcome.InMemory);
        }
    }

    /// <inheritdoc/>
    public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics)
    {
        lock (_lock)
        {
            foreach (var (waiting, since) in _waiting)
            {
                if (!exceptTopics.Contains(waiting.Topic))
                {
                    return Task.FromResult<WaitingEvent?>(new WaitingEvent(waiting, time.GetElapsedTime(since), _lost.Attach(waiting)));
                }
            }

            return Task.FromResult<WaitingEvent?>(null);
        }
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string id)
    {
        lock (_lock)
        {
            _lost.Acknowledge(id);
            for (var node = _waiting.First; node is not null; node = node.Next)
            {
                if (node.Value.Event.Id == id)
                {
                    _removed++;
                    Leave(node);
                    break;
                }
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Does nothing: it holds no resources.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private LinkedListNode<(OutboxEvent Event, long Since)>? OldestToDrop() =>
        _waiting.First?.Value.Event.Id == _lost.InFlightId ? _waiting.First.Next : _waiting.First;

    private void Leave(LinkedListNode<(OutboxEvent Event, long Since)> node)
    {
        _bytes -= OutboxDatabase.SizeOf(node.Value.Event);
        _waiting.Remove(node);
    }
}
