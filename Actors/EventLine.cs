using System.Text.Json;
using MobileVlm.Edge.Connectors.Mqtt;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Actors;

/// <summary>Events between the judge and the broker: all are kept in the outbox, and the first in line is at hand. Owned by
/// one actor; the tasks that it gives out bring <see cref="EventsMoved"/> back to it.</summary>
internal sealed class EventLine(IEventOutbox outbox, TimeProvider time)
{
    /// <summary>What waited longer has missed its moment, connected or not.</summary>
    private static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
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
        } : null;

    /// <summary>The first in line was written by another version and cannot be said any more.</summary>
    public bool IsUnreadable => _atHand is not null && _event is null;

    /// <summary>Stores it, before anything is said.</summary>
    public Task<EventsMoved> KeepAsync(EventPayload happened, string topic)
    {
        _moving++;
        return KeptAsync(new OutboxEvent(happened.Id, topic, MqttJson.Serialize(happened)));
    }

    /// <summary>Has the next one brought to hand; null when nothing is to be done for that.</summary>
    public Task<EventsMoved>? FetchAsync()
    {
        if (_atHand is not null || _fetching)
        {
            _fetchAgain |= _fetching;
            return null;
        }

        (_fetching, _fetchAgain) = (true, false);
        _moving++;
        return FetchedAsync(outbox.OldestAsync(new HashSet<string>(_refused, StringComparer.Ordinal)));
    }

    /// <summary>A task has come to its end.</summary>
    /// <returns>Whether to fetch now.</returns>
    public bool Take(EventsMoved moved)
    {
        _moving--;
        if (!moved.IsFetch)
        {
            return true;
        }

        _fetching = false;
        _atHand = moved.Next;
        _atHandSince = time.GetTimestamp();
        _event = _atHand is null ? null : Read(_atHand);
        return _atHand is null && _fetchAgain;
    }

    /// <summary>The broker has it: it leaves the outbox, and the next may come.</summary>
    public Task<EventsMoved> HeardAsync()
    {
        var id = _atHand!.Event.Id;
        (_atHand, _wasLost) = (null, false);
        _moving++;
        return MovedAsync(outbox.RemoveAsync(id));
    }

    /// <summary>The broker will not have its topic: others go first until <see cref="ForgiveRefused"/>.</summary>
    public void Refused()
    {
        _refused.Add(_atHand!.Event.Topic);
        (_atHand, _wasLost) = (null, false);
    }

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

    private async Task<EventsMoved> KeptAsync(OutboxEvent happened) =>
        EventsMoved.Done with { Kept = new KeptEvent(happened.Id, happened.Topic, await outbox.StoreAsync(happened)) };

    private static async Task<EventsMoved> MovedAsync(Task work)
    {
        await work;
        return EventsMoved.Done;
    }

    private static async Task<EventsMoved> FetchedAsync(Task<WaitingEvent?> work) => new(IsFetch: true, await work);
}

/// <summary>The outbox has done what it was asked.</summary>
/// <param name="IsFetch">It was asked for the next event.</param>
/// <param name="Next">Which is this one, if there is any.</param>
internal sealed record EventsMoved(bool IsFetch, WaitingEvent? Next)
{
    public static readonly EventsMoved Done = new(IsFetch: false, null);

    /// <summary>What was stored, if that was asked.</summary>
    public KeptEvent? Kept { get; init; }
}

/// <summary>An event that the outbox was given, and what it made of it.</summary>
internal sealed record KeptEvent(string Id, string Topic, StoreOutcome Outcome);
