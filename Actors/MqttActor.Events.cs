using Akka.Actor;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors;

/// <content>Events: kept first, then said one by one until the broker has acknowledged them.</content>
internal sealed partial class MqttActor
{
    private static readonly TimeSpan RefusedRest = TimeSpan.FromMinutes(1);

    private Task _lastKept = Task.CompletedTask;

    private void Keep(EventPayload happened)
    {
        // What happens while nobody listens is late whenever it is said.
        var kept = happened with { Historical = _state != LinkState.Connected };
        var keeping = _events.KeepAsync(kept, _messages.Event(kept).Topic);
        _lastKept = keeping;
        Follow(keeping);
    }

    // The outbox takes events in their order, so the last one's end is that of all. Whether it was kept or given up for good
    // makes no difference: it does not come again.
    private void SendBackOnceKept(DueState due) => _lastKept.PipeTo(Sender, success: () => due, failure: _ => due);

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

    private sealed record RefusedTopicsMayTry
    {
        public static readonly RefusedTopicsMayTry Instance = new();
    }
}
