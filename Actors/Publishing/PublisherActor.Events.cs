using Akka.Actor;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <content>Events: kept first, then said one by one until the broker has acknowledged them.</content>
internal sealed partial class PublisherActor
{
    private static readonly TimeSpan RefusedRest = TimeSpan.FromMinutes(1);

    /// <summary>An outbox that failed is left alone for this long.</summary>
    private static readonly TimeSpan OutboxRest = TimeSpan.FromSeconds(1);

    private void Keep(EventPayload happened)
    {
        // What happens while nobody listens is late whenever it is said.
        var kept = happened with { Historical = !_session.IsConnected };
        var keeping = _outgoing.Events.KeepAsync(kept, _messages.TopicOf(kept));
        _state.EventsStored = keeping;
        Follow(keeping);
    }

    private void Moved(OutboxCompleted moved)
    {
        var fetch = _outgoing.Events.Take(moved);
        Continue(fetch, moved.Fault is null || moved.Kept is not null);
        Count();
        if (moved.Kept is { } kept)
        {
            var outcome = OutcomeText(kept.Outcome);
            LogKept(kept.Id, kept.Topic, outcome);
        }

        if (moved.Fault is { } fault)
        {
            LogOutbox(fault);
        }

        if (moved.Lost is { } lost)
        {
            LogLostEvent(lost);
        }

        PublishNext();
    }

    private void Continue(bool fetch, bool isSound)
    {
        if (_outgoing.Events.IsUnreadable)
        {
            var wasSaid = _outgoing.Events.IsAcknowledged;
            OutboxCompleted();
            if (!wasSaid)
            {
                LogUnreadable();
            }
        }
        else if (!isSound)
        {
            // An immediate retry would probably fail again.
            _session.OutboxRetry?.Dispose();
            _session.OutboxRetry = _time.SendAfter(Self, OutboxRest, OutboxMayTry.Instance);
        }
        else if (fetch)
        {
            Fetch();
        }
    }

    private void OutboxAgain() => Fetch();

    private void Fetch()
    {
        if (_session.IsConnected && _outgoing.Events.FetchAsync() is { } fetch)
        {
            Follow(fetch);
        }
    }

    private void OutboxCompleted() => Follow(_outgoing.Events.AcknowledgedAsync());

    private void Refused(string topic)
    {
        _outgoing.Events.Refused();
        RefusedMayTryLater();
        Fetch();
        LogPassedOver(topic, RefusedRest.TotalSeconds);
    }

    private static string OutcomeText(StoreOutcome outcome) => outcome switch
    {
        StoreOutcome.Stored => "stored on disk",
        StoreOutcome.InMemory => "kept in memory",
        StoreOutcome.Known => "stored before",
        StoreOutcome.Dropped => "given up",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "This outcome has no text."),
    };

    private void RefusedMayTryLater()
    {
        _session.Refused?.Dispose();
        _session.Refused = _time.SendAfter(Self, RefusedRest, RefusedTopicsMayTry.Instance);
    }

    private void RefusedMayTry()
    {
        _outgoing.Events.ForgiveRefused();
        Fetch();
    }

    private void Count() => _counters.Moved(_outgoing.Events.Stats);

    // These tasks never fail: what an outbox throws is in the message.
    private void Follow(Task<OutboxCompleted> work) => work.PipeTo(Self);

    // A message that cannot be composed must not take the others with it.
    private void Compose(Action compose, Action? otherwise = null)
    {
        Action[] attempts = otherwise is null ? [compose, compose] : [compose, compose, otherwise];
        foreach (var attempt in attempts)
        {
            try
            {
                attempt();
                return;
            }
            catch (Exception fault)
            {
                _counters.Update(mqtt => mqtt.Failed++);
                LogNotComposed(fault);
            }
        }
    }

    private sealed record RefusedTopicsMayTry
    {
        public static readonly RefusedTopicsMayTry Instance = new();
    }

    private sealed record OutboxMayTry
    {
        public static readonly OutboxMayTry Instance = new();
    }
}
