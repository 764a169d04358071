using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Keeps the broker connected and sends it what waits, as the outcome of each message comes in. States are not
/// queued for a broker that is away or slow: the latest value wins, and all are sent again once it is back.</summary>
/// <remarks><see cref="OutgoingMessages"/> decides what is sent next, <see cref="EventFlow"/> moves events through the outbox,
/// <see cref="BrokerConnector"/> connects and <see cref="PublisherStop"/> ends. State that must survive a restart is in
/// <see cref="PublisherState"/>, which outlives this actor.</remarks>
internal sealed class PublisherActor : RestartableActor
{
    private readonly PublisherState _state;
    private readonly OutgoingMessages _outgoing;
    private readonly BrokerConnection _connection;
    private readonly IMqttLink _link;
    private readonly MessageFactory _messages;
    private readonly CameraMessages _cameraMessages;
    private readonly QuestionStates _questions;
    private readonly Func<byte[]> _stats;
    private readonly MqttCounters _counters;
    private readonly TimeProvider _time;
    private readonly IActorRef _self = Context.Self;
    private readonly PublisherCallbacks _callbacks;
    private readonly PublisherLog _log;
    private readonly SafeComposer _composer;
    private readonly BrokerConnector _connector;
    private readonly EventFlow _events;
    private readonly PublishOutcomes _outcomes;
    private readonly PublisherStop _stop;

    /// <param name="state">Outlives this actor.</param>
    /// <param name="link">The connection to the broker.</param>
    /// <param name="messages">Composes messages.</param>
    /// <param name="cameraMessages">Composes what follows from the configuration.</param>
    /// <param name="questions">Report questions that are switched or snoozed, and the mode.</param>
    /// <param name="writer">Writes the question states once their events are stored.</param>
    /// <param name="stats">Takes and serializes the statistics.</param>
    /// <param name="counters">Counts messages.</param>
    /// <param name="time">Paces retries.</param>
    /// <param name="logger">Logs outages and refusals.</param>
    public PublisherActor(
        PublisherState state,
        IMqttLink link,
        MessageFactory messages,
        CameraMessages cameraMessages,
        QuestionStates questions,
        QuestionStateWriter writer,
        Func<byte[]> stats,
        MqttCounters counters,
        TimeProvider time,
        ILogger<PublisherActor> logger)
        : base(state.MessageRetry)
    {
        (_state, _outgoing, _connection) = (state, state.Outgoing, state.Connection);
        (_link, _messages, _cameraMessages, _questions, _stats) = (link, messages, cameraMessages, questions, stats);
        (_counters, _time) = (counters, time);
        _callbacks = new PublisherCallbacks(_self, time);
        _log = new PublisherLog(logger, time);
        _composer = new SafeComposer(counters, _log);
        _connector = new BrokerConnector(_connection, link, _callbacks, counters, time, _log);
        _events = new EventFlow(state, messages, _callbacks, counters, _log);
        _outcomes = new PublishOutcomes(state, link, _events, _connector, counters, time, _log);
        _stop = new PublisherStop(state, link, messages, _composer, stats, _callbacks, _log);

        Receive<StateUpdates>(PublishEvaluated);
        Receive<PendingSave>(due => writer.WriteAfter(_state.EventsStored, due));
        Receive<CamerasReconfigured>(Change);
        Receive<CameraAvailability>(camera =>
        {
            _state.Live?.Changed(camera);
            Publish(_cameraMessages.Of(_state.Cameras, camera));
        });
        Receive<ViewSeen>(seen => Publish(_cameraMessages.Of(_state.Cameras, seen)));
        Receive<PublishStats>(message => Publish([_messages.Stats(message.Body)]));
        Receive<PublishOneTime>(PublishOnce);
        Receive<PublishEnabled>(toggled => Publish(_cameraMessages.Of(_state.Cameras, toggled)));
        Receive<PublishSnooze>(snoozed => Publish(_cameraMessages.Of(_state.Cameras, snoozed)));
        Receive<PublishMode>(_ => Publish(_cameraMessages.Mode()));
        Receive<PublishAllAgain>(_ =>
        {
            _outgoing.Retained.RequeueAll();
            PublishNext();
        });

        Receive<TryConnect>(_ => Connect());
        Receive<ConnectEnded>(ConnectHasEnded);
        Receive<LinkGone>(gone =>
        {
            _connector.Disconnected(gone.Reason);
            StopIfOver();
        });
        Receive<PublishEnded>(ended =>
        {
            _outcomes.Handle(ended);
            StopIfOver();
            PublishNext();
        });

        Receive<OutboxCompleted>(completed =>
        {
            _events.Completed(completed);
            PublishNext();
        });
        Receive<RefusedTopicsMayTry>(_ => _events.RetryRefused());
        Receive<OutboxMayTry>(_ => _events.Fetch());

        Receive<StopPublishing>(stop =>
        {
            _stop.Begin(stop);
            StopIfOver();
            PublishNext();
        });
        Receive<RemainingLimitReached>(_ => SkipRemaining());
        Receive<DisconnectEnded>(Disconnected);
    }

    /// <inheritdoc/>
    protected override void Resume()
    {
        Initialize();
        _events.Resume();
        StopIfOver();
        switch (_connection.State)
        {
            case BrokerConnectionState.Waiting when _connection.Stop == StopPhase.None && _connection.ConnectTimer is null:
                Self.Tell(TryConnect.Instance);
                break;
            case BrokerConnectionState.Connected when !_link.IsConnected && _connection.Stop != StopPhase.Disconnecting:
                _connector.Lost("it ended while the publisher was restarted");
                StopIfOver();
                break;
            case BrokerConnectionState.Connected:
                // An earlier instance may have failed between two steps.
                _events.Fetch();
                PublishNext();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void GiveUp(object message)
    {
        switch (message)
        {
            case ConnectEnded when _connection.State == BrokerConnectionState.Connecting:
                (_connection.State, _connection.ConnectTimer) = (BrokerConnectionState.Waiting, null);
                break;
            case OutboxCompleted completed:
                _outgoing.Events.Discard(completed);
                break;
            case StopPublishing when _connection.Stop == StopPhase.None:
                _connection.Stop = StopPhase.SendingRemaining;
                break;
        }

        _log.GivenUp(message.GetType().Name);
    }

    protected override void PostStop()
    {
        _state.Unsubscribe(_link, _questions);
        _counters.Connected = false;
        _connection.End();
    }

    // At the first start only: at a restart newer values are retained, and the handlers of the link are registered.
    private void Initialize()
    {
        if (_state.IsInitialized)
        {
            return;
        }

        foreach (var message in _cameraMessages.First(_state.Cameras))
        {
            _outgoing.Retained.Set(message);
        }

        _state.Subscribe(_link, _questions, _self);
        _state.IsInitialized = true;
    }

    private void PublishEvaluated(StateUpdates evaluated)
    {
        _composer.Compose(() => _state.History?.Record(evaluated));
        _composer.Compose(() => _state.Live?.Evaluated(evaluated));
        _events.StoreAll(evaluated, _composer);
        Publish(_composer.Answers(_messages, evaluated));
    }

    private void PublishOnce(PublishOneTime message)
    {
        var dropped = message.IsTaken ? null : _outgoing.OneTime.Add(message.Message);
        message.IsTaken = true;
        PublishNext();
        if (dropped is not null)
        {
            _counters.Update(mqtt => mqtt.Failed++);
            _log.ReplyDropped(dropped.Topic, PublisherState.MaxReplies);
        }
    }

    private void Change(CamerasReconfigured changed)
    {
        // Everything is composed before anything is changed, so that a failure leaves nothing half done.
        var (latest, once) = _cameraMessages.Changed(_state.Cameras, changed);
        _state.Live?.Reconfigured(changed);
        _state.Cameras = changed.Cameras;
        foreach (var message in once)
        {
            _outgoing.OneTime.Add(message);
        }

        Publish(latest);
    }

    private void Connect()
    {
        if (_connector.Connect())
        {
            _events.Fetch();
            PublishNext();
        }
    }

    private void ConnectHasEnded(ConnectEnded ended)
    {
        // The statistics that the broker kept are of an earlier time, at a start of an earlier run.
        if (_connector.ConnectEnded(ended, () =>
        {
            _composer.Compose(() => _outgoing.Retained.Set(_messages.Stats(_stats())));
            _outgoing.Connected();
        }))
        {
            _events.Fetch();
            PublishNext();
        }

        StopIfOver();
    }

    private void Publish(IEnumerable<OutboundMessage> messages)
    {
        foreach (var message in messages)
        {
            _outgoing.Retained.Set(message);
        }

        PublishNext();
    }

    private void PublishNext()
    {
        while (_connection.IsConnected)
        {
            var startedAt = _time.GetTimestamp();
            if (_outgoing.TakeNext(_messages.Event) is not { } next)
            {
                break;
            }

            _callbacks.SendResult(
                () => _link.PublishAsync(next.Message, _connection.Life),
                outcome => new PublishEnded(next, outcome, startedAt),
                fault => new PublishEnded(next, new PublishOutcome(PublishOutcomeKind.Unacknowledged, fault), startedAt));
        }

        if (_connection.IsConnected && _outgoing.IsSettled && _stop.Advance() is { Count: > 0 } last)
        {
            Publish(last);
        }
    }

    private void SkipRemaining()
    {
        if (!_stop.SkipRemaining(Publish))
        {
            Context.Stop(Self);
        }
    }

    private void Disconnected(DisconnectEnded ended)
    {
        if (ended.Fault is { } fault)
        {
            _log.NotDisconnected(_link.Description, fault);
        }

        Context.Stop(Self);
    }

    private void StopIfOver()
    {
        if (_stop.IsOver)
        {
            Context.Stop(Self);
        }
    }
}
