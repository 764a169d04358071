using Akka.Actor;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.History;
using MobileVlm.Edge.Actors.Publishing.Webhooks;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The state of the publisher that must survive its restart. Outlives the actor. One caller at a time.</summary>
internal sealed class PublisherState : IDisposable
{
    /// <summary>Most replies that wait. Above every burst of commands that is let through, so that each of them gets its
    /// reply; beyond that the oldest is dropped and counted.</summary>
    public const int MaxReplies = 512;

    private Action<string>? _onDisconnected;
    private Action<CameraId, string, bool>? _onSwitched;
    private Action<CameraId, string>? _onSnoozed;
    private Action<string>? _onMode;

    public PublisherState(
        IEventOutbox outbox,
        IReadOnlyList<CameraConfiguration> plans,
        ReconnectSettings reconnect,
        Func<double> random,
        ClockMonitor clock,
        TimeProvider time)
    {
        Cameras = plans;
        Outgoing = new OutgoingMessages(new LatestByTopic(), new OneTimeQueue(MaxReplies), new EventDeliveryState(outbox, clock, time));
        Connection = new BrokerConnection(reconnect, random);
    }

    public OutgoingMessages Outgoing { get; }

    public BrokerConnection Connection { get; }

    public FailedMessageRetry MessageRetry { get; } = new();

    /// <summary>The first retained values are set and the handlers of the link are registered.</summary>
    public bool IsInitialized { get; set; }

    /// <summary>Follows what is published, whether or not there is a broker; null where nobody does.</summary>
    public LiveUpdates? Live { get; init; }

    /// <summary>Stores what is published; null where no history is kept.</summary>
    public HistoryRecorder? History { get; init; }

    /// <summary>Get every event too.</summary>
    public WebhookSet Webhooks { get; init; } = new([]);

    /// <summary>The current cameras and questions.</summary>
    public IReadOnlyList<CameraConfiguration> Cameras { get; set; }

    /// <summary>Completes when the outboxes have taken all events that they were given so far. Each takes them in their order, so the
    /// last one completes last.</summary>
    public Task EventsStored { get; set; } = Task.CompletedTask;

    /// <summary>Sends the actor a message when the link is gone, when a question is switched on or off or snoozed, and when the mode changes.
    /// Its reference stays the same over restarts, so that nothing is missed in between.</summary>
    public void Subscribe(IMqttLink link, QuestionStates questions, IActorRef actor)
    {
        _onDisconnected = reason => actor.Tell(new LinkGone(reason));
        _onSwitched = (camera, question, _) => actor.Tell(new PublishEnabled(camera, question));
        _onSnoozed = (camera, question) => actor.Tell(new PublishSnooze(camera, question));
        _onMode = _ => actor.Tell(PublishMode.Instance);
        link.Disconnected += _onDisconnected;
        questions.Switches.Changed += _onSwitched;
        questions.Snoozes.Changed += _onSnoozed;
        questions.Modes.Changed += _onMode;
    }

    /// <summary>Ends <see cref="Subscribe"/>. May be called twice.</summary>
    public void Unsubscribe(IMqttLink link, QuestionStates questions)
    {
        link.Disconnected -= _onDisconnected;
        questions.Switches.Changed -= _onSwitched;
        questions.Snoozes.Changed -= _onSnoozed;
        questions.Modes.Changed -= _onMode;
    }

    public void Dispose() => Connection.Dispose();
}
