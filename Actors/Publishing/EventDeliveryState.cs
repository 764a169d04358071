using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Events between evaluation and broker: all are stored in the outbox, and the oldest is also in memory. Outlives
/// the actor that uses it; its tasks never fail and return <see cref="OutboxCompleted"/> to that actor. One caller at a
/// time.</summary>
internal sealed class EventDeliveryState(IEventOutbox outbox, ClockMonitor clock, TimeProvider time)
{
    /// <summary>How often an event is given to an outbox that throws.</summary>
    private const int MaxStores = 5;

    private static readonly TimeSpan StoreAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>Acknowledged ids that are remembered. An outbox that was too busy to remove an event returns it again; it
    /// must not be sent twice.</summary>
    private const int MaxAcknowledged = 1024;

    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    private readonly RecentIds _acknowledged = new(MaxAcknowledged);
    private WaitingEvent? _current;
    private EventPayload? _event;
    private long _currentSince;
    private bool _wasUnacknowledged;
    private long _connectedAt;
    private bool _fetching;
    private bool _fetchAgain;
    private int _pending;

    /// <summary>Whether an event is being stored or fetched: a stop must wait for it.</summary>
    public bool IsBusy => _pending > 0;

    public OutboxStats Stats => outbox.Stats;

    /// <summary>The oldest event as it is to be published now, or null.</summary>
    public EventPayload? Ready =>
        _current is { } waiting && _event is { } happened ? EventCompletion.Complete(happened, waiting, IsLate(waiting), clock) : null;

    /// <summary>The oldest event cannot be published: it was written by another version, or has been published
    /// already.</summary>
    public bool IsUnpublishable => _current is not null && _event is null;

    /// <summary>The oldest event was acknowledged before, but the outbox did not remove it.</summary>
    public bool IsAcknowledged => _current is { } waiting && _acknowledged.Contains(waiting.Event.Id);

    /// <summary>Stores it. It is published only after that.</summary>
    public Task<OutboxCompleted> StoreAsync(EventPayload happened, string topic)
    {
        var stored = new OutboxEvent(happened.Id, topic, MqttJson.Serialize(happened));
        _pending++;
        return StoreWithRetryAsync(stored);
    }

    /// <summary>Fetches the oldest event into memory; null when there is nothing to do for that.</summary>
    public Task<OutboxCompleted>? FetchAsync()
    {
        if (_current is not null || _fetching)
        {
            _fetchAgain |= _fetching;
            return null;
        }

        var except = new HashSet<string>(_refused, StringComparer.Ordinal);
        (_fetching, _fetchAgain) = (true, false);
        _pending++;
        return FetchOldestAsync(except);
    }

    /// <summary>Handles a task that has ended. Handling the same one twice has no effect.</summary>
    /// <returns>Whether to fetch now.</returns>
    public bool Complete(OutboxCompleted completed)
    {
        if (completed.IsHandled)
        {
            return _current is null;
        }

        var now = time.GetTimestamp();
        completed.IsHandled = true;
        _pending--;
        if (!completed.IsFetch)
        {
            return true;
        }

        _fetching = false;
        _current = completed.Next;
        _currentSince = now;
        _wasUnacknowledged = false;
        _event = _current is null || IsAcknowledged ? null : EventCompletion.Read(_current);
        return _current is null && _fetchAgain && completed.Fault is null;
    }

    /// <summary>A task has ended and its result could not be handled. What it fetched stays in the outbox and is fetched
    /// again.</summary>
    public void Discard(OutboxCompleted completed)
    {
        if (!completed.IsHandled)
        {
            completed.IsHandled = true;
            _pending--;
            _fetching &= !completed.IsFetch;
        }
    }

    /// <summary>The broker has it: it leaves the outbox, and the next may come.</summary>
    public Task<OutboxCompleted> AcknowledgedAsync()
    {
        if (_current is not { } current)
        {
            throw new InvalidOperationException("No event is in memory.");
        }

        _acknowledged.Add(current.Event.Id);
        (_current, _event, _wasUnacknowledged) = (null, null, false);
        _pending++;
        return RemoveAsync(current.Event.Id);
    }

    /// <summary>The broker refused its topic: others go first until <see cref="RetryRefused"/>.</summary>
    public void Refused()
    {
        if (_current is { } refused)
        {
            _refused.Add(refused.Event.Topic);
            (_current, _event, _wasUnacknowledged) = (null, null, false);
        }
    }

    /// <summary>Whether some topics wait for <see cref="RetryRefused"/>.</summary>
    public bool HasRefused => _refused.Count > 0;

    public void RetryRefused() => _refused.Clear();

    /// <summary>Records that the broker did not acknowledge the event, which stays first.</summary>
    public void MarkUnacknowledged() => _wasUnacknowledged = true;

    /// <summary>Records the time of the connection: events from before it are late.</summary>
    public void Connected() => _connectedAt = time.GetTimestamp();

    private bool IsLate(WaitingEvent waiting)
    {
        if (_wasUnacknowledged || waiting.WaitedFor is not { } before)
        {
            return true;
        }

        var waited = before + time.GetElapsedTime(_currentSince);
        return waited > EventCompletion.LateAfter || waited > time.GetElapsedTime(_connectedAt);
    }

    // The event would be lost when the outbox throws, so it is tried again. Disk errors do not come here.
    private async Task<OutboxCompleted> StoreWithRetryAsync(OutboxEvent happened)
    {
        Exception? fault = null;
        for (var attempt = 1; attempt <= MaxStores && fault is not ObjectDisposedException; attempt++)
        {
            try
            {
                if (attempt > 1)
                {
                    await Task.Delay(StoreAgainAfter, time);
                }

                return new OutboxCompleted(IsFetch: false, null)
                {
                    Fault = fault,
                    Stored = new StoreResult(happened.Id, happened.Topic, await outbox.StoreAsync(happened)),
                };
            }
            catch (Exception thrown)
            {
                fault = thrown;
            }
        }

        return new OutboxCompleted(IsFetch: false, null) { Fault = fault, UnstoredId = happened.Id };
    }

    private async Task<OutboxCompleted> RemoveAsync(string id)
    {
        try
        {
            await outbox.RemoveAsync(id);
            return new OutboxCompleted(IsFetch: false, null);
        }
        catch (Exception fault)
        {
            return new OutboxCompleted(IsFetch: false, null) { Fault = fault };
        }
    }

    private async Task<OutboxCompleted> FetchOldestAsync(HashSet<string> except)
    {
        try
        {
            return new OutboxCompleted(IsFetch: true, await outbox.OldestAsync(except));
        }
        catch (Exception fault)
        {
            return new OutboxCompleted(IsFetch: true, null) { Fault = fault };
        }
    }
}

/// <summary>The outbox has done what was requested.</summary>
/// <param name="IsFetch">The oldest event was requested.</param>
/// <param name="Next">That event; null when there is none.</param>
internal sealed record OutboxCompleted(bool IsFetch, WaitingEvent? Next)
{
    /// <summary>The stored event, if storing was requested.</summary>
    public StoreResult? Stored { get; init; }

    /// <summary>Set when the outbox threw, which is a defect: it handles the errors of its disk itself.</summary>
    public Exception? Fault { get; init; }

    /// <summary>The event that could not be stored, if any.</summary>
    public string? UnstoredId { get; init; }

    /// <summary>Whether the result has been handled.</summary>
    public bool IsHandled { get; set; }
}

/// <summary>An event that was given to the outbox, and the outcome.</summary>
internal sealed record StoreResult(string Id, string Topic, StoreOutcome Outcome);
