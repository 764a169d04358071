using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Events on their way: into the outbox first, then the oldest into memory, and out of the outbox once the broker has
/// acknowledged it. Decides what the outbox does next; <see cref="EventDeliveryState"/> holds the state. One caller at a
/// time.</summary>
internal sealed class EventFlow(
    PublisherState state, MessageFactory messages, PublisherCallbacks callbacks, MqttCounters counters, PublisherLog log)
{
    /// <summary>A topic that the broker refused waits this long.</summary>
    private static readonly TimeSpan RefusedTopicPause = TimeSpan.FromMinutes(1);

    /// <summary>An outbox that failed is left alone for this long.</summary>
    private static readonly TimeSpan OutboxPause = TimeSpan.FromSeconds(1);

    private readonly EventDeliveryState _events = state.Outgoing.Events;
    private readonly BrokerConnection _connection = state.Connection;

    /// <summary>Gives the events of a frame to the outbox.</summary>
    public void StoreAll(StateUpdates updates, SafeComposer composer)
    {
        foreach (var compose in messages.Events(updates))
        {
            // An outbox takes an event of the same id once, so that trying twice is harmless.
            composer.Compose(() => Store(compose()));
        }
    }

    /// <summary>Gives an event to the outbox. An event that happens while there is no connection is historical whenever it is
    /// published.</summary>
    public void Store(EventPayload happened)
    {
        var stored = happened with { Historical = !_connection.IsConnected };
        var storing = _events.StoreAsync(stored, messages.TopicOf(stored));
        state.EventsStored = Task.WhenAll(storing, state.Webhooks.StoreAsync(happened));
        callbacks.SendResult(storing);
    }

    /// <summary>The outbox has done something.</summary>
    public void Completed(OutboxCompleted completed)
    {
        var fetch = _events.Complete(completed);
        Continue(fetch, completed.Fault is null || completed.Stored is not null);
        Count();
        if (completed.Stored is { } stored)
        {
            var outcome = Describe(stored.Outcome);
            log.Stored(stored.Id, stored.Topic, outcome);
        }

        if (completed.Fault is { } fault)
        {
            log.OutboxFailed(fault);
        }

        if (completed.UnstoredId is { } lost)
        {
            log.LostEvent(lost);
        }
    }

    /// <summary>Fetches the oldest event, if there is a connection and none is in memory.</summary>
    public void Fetch()
    {
        if (_connection.IsConnected && _events.FetchAsync() is { } fetch)
        {
            callbacks.SendResult(fetch);
        }
    }

    /// <summary>Removes the event in memory from the outbox: the broker acknowledged it, or it cannot be published.</summary>
    public void Acknowledged() => callbacks.SendResult(_events.AcknowledgedAsync());

    /// <summary>The broker refused the event in memory: events of other topics go first for a while.</summary>
    public void Refused(string topic)
    {
        _events.Refused();
        RetryRefusedLater();
        Fetch();
        log.PassedOver(topic, RefusedTopicPause.TotalSeconds);
    }

    /// <summary>Topics that the broker refused are tried again.</summary>
    public void RetryRefused()
    {
        _events.RetryRefused();
        Fetch();
    }

    /// <summary>Continues after a restart of the actor.</summary>
    public void Resume()
    {
        Count();
        if (_events.HasRefused)
        {
            RetryRefusedLater();
        }
    }

    private void Continue(bool fetch, bool isSound)
    {
        if (_events.IsUnpublishable)
        {
            var wasPublished = _events.IsAcknowledged;
            Acknowledged();
            if (!wasPublished)
            {
                log.Unreadable();
            }
        }
        else if (!isSound)
        {
            // An immediate retry would probably fail again.
            _connection.OutboxTimer?.Dispose();
            _connection.OutboxTimer = callbacks.SendAfter(OutboxPause, OutboxMayTry.Instance);
        }
        else if (fetch)
        {
            Fetch();
        }
    }

    private void RetryRefusedLater()
    {
        _connection.RefusedTopicsTimer?.Dispose();
        _connection.RefusedTopicsTimer = callbacks.SendAfter(RefusedTopicPause, RefusedTopicsMayTry.Instance);
    }

    private void Count() => counters.OutboxChanged(_events.Stats);

    private static string Describe(StoreOutcome outcome) => outcome switch
    {
        StoreOutcome.Stored => "stored on disk",
        StoreOutcome.InMemory => "kept in memory",
        StoreOutcome.AlreadyStored => "stored before",
        StoreOutcome.Dropped => "dropped",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "This outcome has no text."),
    };
}
