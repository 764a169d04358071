using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Mqtt;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Actors;

/// <content>Events: kept first, then said one by one until the broker has acknowledged them.</content>
internal sealed partial class MqttActor
{
    private static readonly TimeSpan RefusedRest = TimeSpan.FromMinutes(1);

    private void Keep(EventPayload happened)
    {
        // What happens while nobody listens is late whenever it is said.
        var kept = happened with { Historical = _state != LinkState.Connected };
        Follow(_events.KeepAsync(kept, _messages.Event(kept).Topic));
    }

    private void Moved(EventsMoved moved)
    {
        var fetch = _events.Take(moved);
        Count();
        if (moved.Kept is { } kept)
        {
            LogKept(kept.Id, kept.Topic, kept.Outcome);
        }

        if (_events.IsUnreadable)
        {
            LogUnreadable();
            Heard();
        }
        else if (fetch)
        {
            Fetch();
        }

        SayNext();
    }

    private void Fetch()
    {
        if (_state == LinkState.Connected && _events.FetchAsync() is { } fetch)
        {
            Follow(fetch);
        }
    }

    private void Heard() => Follow(_events.HeardAsync());

    private void Refused(string topic)
    {
        _events.Refused();
        LogPassedOver(topic, RefusedRest);
        _refused?.Dispose();
        _refused = _time.TellLater(Self, RefusedRest, RefusedTopicsMayTry.Instance);
        Fetch();
    }

    private void RefusedMayTry()
    {
        _events.ForgiveRefused();
        Fetch();
    }

    private void Count() => _counters.Outbox = _events.Stats;

    // An outbox deals with its disk's faults; one that throws is a defect, which must not leave this actor waiting.
    private void Follow(Task<EventsMoved> work) => work.PipeTo(Self, success: moved => moved, failure: fault =>
    {
        LogOutbox(fault);
        return EventsMoved.Done;
    });

    [LoggerMessage(EventId = 70, Level = LogLevel.Warning, Message = "Events of {Topic} wait for {Rest}; others go first.")]
    private partial void LogPassedOver(string topic, TimeSpan rest);

    [LoggerMessage(EventId = 71, Level = LogLevel.Error, Message = "The outbox failed.")]
    private partial void LogOutbox(Exception fault);

    [LoggerMessage(EventId = 72, Level = LogLevel.Error, Message =
        "An event in the outbox was written by another version and cannot be read; it is given up.")]
    private partial void LogUnreadable();

    // What the fault runs hold against what was received.
    [LoggerMessage(EventId = 73, Level = Microsoft.Extensions.Logging.LogLevel.Debug, Message = "Event {Id} of {Topic}: {Outcome}")]
    private partial void LogKept(string id, string topic, StoreOutcome outcome);

    private sealed record RefusedTopicsMayTry
    {
        public static readonly RefusedTopicsMayTry Instance = new();
    }
}
