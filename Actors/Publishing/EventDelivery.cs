using System.Text.Json;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Events between the judge and the broker: all are kept in the outbox, and the oldest is also in memory. Outlives
/// the actor that uses it; its tasks never fail and return <see cref="OutboxCompleted"/> to that actor. One caller at a
/// time.</summary>
internal sealed class EventDelivery(IEventOutbox outbox, ClockMonitor clock, TimeProvider time)
{
    /// <summary>What waited longer has missed its moment, connected or not.</summary>
    private static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(10);

    /// <summary>How often an event is given to an outbox that throws.</summary>
    private const int MaxStores = 5;

    private static readonly TimeSpan StoreAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>Acknowledged ids that are remembered. An outbox that was too busy to remove an event returns it again; it
    /// must not be sent twice.</summary>
    private const int MaxAcknowledged = 1024;

    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    private readonly RecentIds _acknowledged = new(MaxAcknowledged);
    private WaitingEvent? _atHand;
    private EventPayload? _event;
    private long _atHandSince;
    private bool _wasLost;
    private long _connectedAt;
    private bool _fetching;
    private bool _fetchAgain;
    private int _moving;

    /// <summary>Something is on its way into the outbox or out of it: the end must wait for it.</summary>
    public bool IsMoving => _moving > 0;

    public OutboxStats Stats => outbox.Stats;

    /// <summary>The first in line as it is to be said now, or null.</summary>
    public EventPayload? Ready =>
        _atHand is { } waiting && _event is { } happened ? happened with
        {
            Historical = happened.Historical || IsLate(waiting),
            LostBefore = waiting.LostBefore,
            At = Time(happened.At, waiting),
            Since = Time(happened.Since, waiting),
            Clock = Time(happened.At, waiting) is null ? ClockText.Unset : null,
        } : null;

    // The run that stored it ended before the clock was set, so its time can no longer be found.
    private DateTimeOffset? Time(DateTimeOffset? read, WaitingEvent waiting) =>
        read is { } moment && PlausibleTime.Includes(moment) ? moment
        : waiting.WaitedFor is not null ? clock.Known(read)
        : null;

    /// <summary>The oldest event cannot be published: it was written by another version, or has been published
    /// already.</summary>
    public bool IsUnreadable => _atHand is not null && _event is null;

    /// <summary>The oldest event was acknowledged before, but the outbox did not remove it.</summary>
    public bool IsAcknowledged => _atHand is { } waiting && _acknowledged.Contains(waiting.Event.Id);

    /// <summary>Stores it, before anything is said.</summary>
    public Task<OutboxCompleted> KeepAsync(EventPayload happened, string topic)
    {
        var stored = new OutboxEvent(happened.Id, topic, MqttJson.Serialize(happened));
        _moving++;
        return KeptAsync(stored);
    }

    /// <summary>Has the next one brought to hand; null when nothing is to be done for that.</summary>
    public Task<OutboxCompleted>? FetchAsync()
    {
        if (_atHand is not null || _fetching)
        {
            _fetchAgain |= _fetching;
            return null;
        }

        var except = new HashSet<string>(_refused, StringComparer.Ordinal);
        (_fetching, _fetchAgain) = (true, false);
        _moving++;
        return FetchedAsync(except);
    }

    /// <summary>Handles a task that has ended. Handling the same one twice has no effect.</summary>
    /// <returns>Whether to fetch now.</returns>
    public bool Take(OutboxCompleted moved)
    {
        if (moved.IsTaken)
        {
            return _atHand is null;
        }

        var now = time.GetTimestamp();
        moved.IsTaken = true;
        _moving--;
        if (!moved.IsFetch)
        {
            return true;
        }

        _fetching = false;
        _atHand = moved.Next;
        _atHandSince = now;
        _wasLost = false;
        _event = _atHand is null || IsAcknowledged ? null : Read(_atHand);
        return _atHand is null && _fetchAgain && moved.Fault is null;
    }

    /// <summary>A task has ended and its result could not be handled. What it fetched stays in the outbox and is fetched
    /// again.</summary>
    public void Drop(OutboxCompleted moved)
    {
        if (!moved.IsTaken)
        {
            moved.IsTaken = true;
            _moving--;
            _fetching &= !moved.IsFetch;
        }
    }

    /// <summary>The broker has it: it leaves the outbox, and the next may come.</summary>
    public Task<OutboxCompleted> AcknowledgedAsync()
    {
        if (_atHand is not { } heard)
        {
            throw new InvalidOperationException("No event is in memory.");
        }

        _acknowledged.Add(heard.Event.Id);
        (_atHand, _event, _wasLost) = (null, null, false);
        _moving++;
        return RemovedAsync(heard.Event.Id);
    }

    /// <summary>The broker will not have its topic: others go first until <see cref="ForgiveRefused"/>.</summary>
    public void Refused()
    {
        if (_atHand is { } refused)
        {
            _refused.Add(refused.Event.Topic);
            (_atHand, _event, _wasLost) = (null, null, false);
        }
    }

    /// <summary>Some topics wait for <see cref="ForgiveRefused"/>.</summary>
    public bool HasRefused => _refused.Count > 0;

    public void ForgiveRefused() => _refused.Clear();

    /// <summary>The broker did not hear it: it stays first.</summary>
    public void Lost() => _wasLost = true;

    /// <summary>What happened before this moment and was not heard is late.</summary>
    public void Connected() => _connectedAt = time.GetTimestamp();

    private bool IsLate(WaitingEvent waiting)
    {
        if (_wasLost || waiting.WaitedFor is not { } before)
        {
            return true;
        }

        var waited = before + time.GetElapsedTime(_atHandSince);
        return waited > LateAfter || waited > time.GetElapsedTime(_connectedAt);
    }

    private static EventPayload? Read(WaitingEvent waiting)
    {
        try
        {
            return MqttJson.ReadEvent(waiting.Event.Payload.Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // The event would be lost when the outbox throws, so it is tried again. Disk errors do not come here.
    private async Task<OutboxCompleted> KeptAsync(OutboxEvent happened)
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
                    Kept = new KeptEvent(happened.Id, happened.Topic, await outbox.StoreAsync(happened)),
                };
            }
            catch (Exception thrown)
            {
                fault = thrown;
            }
        }

        return new OutboxCompleted(IsFetch: false, null) { Fault = fault, Lost = happened.Id };
    }

    private async Task<OutboxCompleted> RemovedAsync(string id)
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

    private async Task<OutboxCompleted> FetchedAsync(HashSet<string> except)
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

/// <summary>The outbox has done what it was asked.</summary>
/// <param name="IsFetch">It was asked for the next event.</param>
/// <param name="Next">Which is this one, if there is any.</param>
internal sealed record OutboxCompleted(bool IsFetch, WaitingEvent? Next)
{
    /// <summary>What was stored, if that was asked.</summary>
    public KeptEvent? Kept { get; init; }

    /// <summary>Set when the outbox threw, which is a defect: it handles the errors of its disk itself.</summary>
    public Exception? Fault { get; init; }

    /// <summary>The event that could not be stored, if any.</summary>
    public string? Lost { get; init; }

    /// <summary>It has been handled.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>An event that the outbox was given, and what it made of it.</summary>
internal sealed record KeptEvent(string Id, string Topic, StoreOutcome Outcome);
