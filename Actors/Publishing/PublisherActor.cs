using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>A new statistics message.</summary>
internal sealed record PublishStats(byte[] Body);

/// <summary>Says what is left to say, then <c>stopped</c>, then goodbye; the actor then stops.</summary>
/// <param name="RestWithin">What is not sent within this time stays in the outbox, so that there is time for
/// <c>stopped</c>.</param>
internal sealed record StopPublishing(TimeSpan RestWithin);

/// <summary>Keeps the broker connected and tells it the latest of each topic, one message at a time. States are not queued
/// for a broker that is away or slow: the latest value wins, and all are sent afresh once it is back. State that must
/// survive a restart is in <see cref="PublisherState"/>, which outlives this actor.</summary>
internal sealed partial class PublisherActor : RestartableActor
{
    private static readonly TimeSpan LogRefusedEvery = TimeSpan.FromMinutes(1);

    private readonly PublisherState _state;
    private readonly OutgoingMessages _outgoing;
    private readonly BrokerSession _session;
    private readonly IMqttLink _link;
    private readonly MessageFactory _messages;
    private readonly DeviceAnnouncer _devices;
    private readonly QuestionToggles _switches;
    private readonly QuestionStateWriter _writer;
    private readonly Func<byte[]> _stats;
    private readonly Func<CameraId, bool> _isOnline;
    private readonly MqttCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IActorRef _self = Context.Self;
    private readonly LogThrottle _refusedLog;
    private readonly LogThrottle _droppedLog;

    public PublisherActor(
        PublisherState state,
        IMqttLink link,
        MessageFactory messages,
        QuestionToggles switches,
        DeviceAnnouncer devices,
        QuestionStateWriter writer,
        Func<byte[]> stats,
        Func<CameraId, bool> isOnline,
        MqttCounters counters,
        TimeProvider time,
        ILogger<PublisherActor> logger)
        : base(state.Memory)
    {
        (_state, _outgoing, _session) = (state, state.Outgoing, state.Session);
        _link = link;
        _messages = messages;
        _switches = switches;
        _devices = devices;
        _writer = writer;
        _stats = stats;
        _isOnline = isOnline;
        _counters = counters;
        _time = time;
        _logger = logger;
        _refusedLog = new LogThrottle(LogRefusedEvery, time);
        _droppedLog = new LogThrottle(LogRefusedEvery, time);
        Receive<FrameEvaluated>(PublishEvaluated);
        Receive<PendingSave>(due => _writer.WriteAfter(_state.EventsStored, due));
        Receive<PlansChanged>(Change);
        Receive<CameraAvailability>(PublishForKnownCamera);
        Receive<ViewSeen>(PublishView);
        Receive<PublishStats>(stats => Publish([_messages.Stats(stats.Body)]));
        ReceiveOthers();
        Receive<TryConnect>(_ => Connect());
        Receive<ConnectEnded>(ConnectHasEnded);
        Receive<OutboxCompleted>(Moved);
        Receive<RefusedTopicsMayTry>(_ => RefusedMayTry());
        Receive<OutboxMayTry>(_ => OutboxAgain());
        Receive<PublishEnded>(ended => Published(ended.InFlight, ended.Outcome, ended.StartedAt));
        Receive<LinkGone>(gone => Gone(gone.Reason));
        Receive<StopPublishing>(Stop);
        Receive<RestLimitReached>(_ => PublishStoppedNow());
        Receive<GoodbyeSent>(_ => Context.Stop(Self));
        Receive<NoGoodbye>(no =>
        {
            LogNoGoodbye(_link.Description, no.Reason);
            Context.Stop(Self);
        });
    }

    /// <inheritdoc/>
    protected override void Resume()
    {
        Initialize();
        Count();
        if (_outgoing.Events.HasRefused)
        {
            RefusedMayTryLater();
        }

        switch (_session.State)
        {
            case LinkState.Waiting when _session.Stop != StopPhase.None:
                Context.Stop(Self);
                break;
            case LinkState.Waiting when _session.Retry is null:
                Self.Tell(TryConnect.Instance);
                break;
            case LinkState.Connected when !_link.IsConnected && _session.Stop != StopPhase.Goodbye:
                Pause("it ended while the publisher was restarted");
                break;
            case LinkState.Connected:
                // An earlier instance may have failed between two steps.
                Fetch();
                PublishNext();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void GiveUp(object message)
    {
        switch (message)
        {
            case ConnectEnded when _session.State == LinkState.Connecting:
                (_session.State, _session.Retry) = (LinkState.Waiting, null);
                break;
            case OutboxCompleted moved:
                _outgoing.Events.Drop(moved);
                break;
            case StopPublishing when _session.Stop == StopPhase.None:
                _session.Stop = StopPhase.Rest;
                break;
        }

        LogGivenUp(message.GetType().Name);
    }

    protected override void PostStop()
    {
        _link.Disconnected -= _state.OnDisconnected;
        _switches.Changed -= _state.OnSwitched;
        _counters.Connected = false;
        _session.End();
    }

    // Once, not at each restart: by then newer values are retained, and the handlers of the link are registered.
    private void Initialize()
    {
        if (_state.IsInitialized)
        {
            return;
        }

        OutboundMessage[] first =
        [
            _messages.Online,

            // Offline until a camera's first frame; what the broker kept from the last run may say otherwise.
            .. _state.Plans.SelectMany(plan => plan.Questions
                .Select(question => Enabled(plan.Id, question.Id))
                .Prepend(_messages.View(plan.Id, ViewState.Unknown))
                .Prepend(_messages.Camera(plan.Id, _isOnline(plan.Id)))),
            .. _devices.Devices(_state.Plans),
        ];
        foreach (var message in first)
        {
            _outgoing.Retained.Set(message);
        }

        // The actor's reference stays the same over restarts, so that nothing is missed in between.
        var self = _self;
        _state.OnDisconnected = reason => self.Tell(new LinkGone(reason));
        _state.OnSwitched = (camera, question, _) => self.Tell(new PublishEnabled(camera, question));
        _link.Disconnected += _state.OnDisconnected;
        _switches.Changed += _state.OnSwitched;
        _state.IsInitialized = true;
    }

    private void PublishEvaluated(FrameEvaluated judged)
    {
        foreach (var compose in _messages.Events(judged))
        {
            // An outbox takes an event of the same id once, so that trying twice is harmless.
            Compose(() => Keep(compose()));
        }

        var messages = new List<OutboundMessage>();
        foreach (var answer in _messages.Answers(judged))
        {
            Compose(
                () => messages.Add(answer.Compose()),
                answer.WithoutValue is { } without ? () => messages.Add(without()) : null);
        }

        Publish(messages);
    }

    private void PublishForKnownCamera(CameraAvailability camera)
    {
        // One that was removed ends later than it is forgotten.
        if (_state.Plans.Any(plan => plan.Id == camera.Camera))
        {
            Publish([_messages.Camera(camera.Camera, camera.Online)]);
        }
    }

    private void PublishView(ViewSeen seen)
    {
        // One that was removed may be seen later than it is forgotten.
        if (_state.Plans.FirstOrDefault(plan => plan.Id == seen.Camera) is { } plan)
        {
            Publish(_messages.View(plan, seen));
        }
    }

    private void Change(PlansChanged changed)
    {
        var before = _state.Plans;
        var added = changed.Plans.Where(plan => before.All(known => known.Id != plan.Id)).ToList();
        var removals = _devices.Removals(before, changed.Plans).ToLookup(removal => removal.Payload.IsEmpty);
        OutboundMessage[] latest =
        [
            // A device that is gone takes the place of its announcement, which would be said again otherwise.
            .. removals[true],
            .. changed.Gone.Select(MessageFactory.Gone),

            // A frame of the camera may arrive before the message that announces it.
            .. added.Select(plan => _messages.Camera(plan.Id, _isOnline(plan.Id))),
            .. changed.Plans.Where(plan => !plan.Scene.CheckView || added.Contains(plan))
                .Select(plan => _messages.View(plan.Id, ViewState.Unknown)),
            .. changed.Plans.SelectMany(plan => plan.Questions.Select(question => Enabled(plan.Id, question.Id))),
            .. _devices.Devices(changed.Plans),
        ];

        // All is composed before anything is changed, so that a failure leaves nothing half done.
        _state.Plans = changed.Plans;
        foreach (var part in removals[false])
        {
            _outgoing.Replies.Add(part);
        }

        Publish(latest);
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
        while (_session.IsConnected)
        {
            var startedAt = _time.GetTimestamp();
            if (_outgoing.TakeNext(_messages.Event) is not { } next)
            {
                break;
            }

            Reported(
                () => _link.PublishAsync(next.Message, _session.Life),
                outcome => new PublishEnded(next, outcome, startedAt),
                fault => new PublishEnded(next, new PublishOutcome(PublishOutcomeKind.Lost, fault), startedAt));
        }

        if (_session.IsConnected && _outgoing.IsSettled && (!_outgoing.Events.IsMoving || _session.Stop > StopPhase.Rest))
        {
            StopFurther();
        }
    }

    private void Published(InFlightMessage message, PublishOutcome outcome, long startedAt)
    {
        var isEvent = message.Queue == OutgoingQueue.Event;
        if (!_outgoing.TrySettle(message, outcome.Kind))
        {
            return;
        }

        if (outcome.Kind == PublishOutcomeKind.Refused && !_link.IsConnected)
        {
            _outgoing.HungUpOver(message);
        }

        // State changes first, notifications last, so that a failure below is harmless.
        switch (outcome.Kind)
        {
            case PublishOutcomeKind.Accepted when isEvent:
                OutboxCompleted();
                break;
            case PublishOutcomeKind.Refused when isEvent:
                Refused(message.Message.Topic);
                break;
            case PublishOutcomeKind.Lost when _session.IsConnected:
                Pause(outcome.Reason);
                break;
        }

        if (outcome.Kind == PublishOutcomeKind.Accepted)
        {
            _counters.Accepted(_time.GetElapsedTime(startedAt));
        }
        else
        {
            _counters.Update(mqtt => mqtt.Failed++);
        }

        if (outcome.Kind == PublishOutcomeKind.Refused && _refusedLog.TryPass(message.Message.Topic, out var suppressed))
        {
            LogRefused(message.Message.Topic, outcome.Reason, suppressed);
        }

        PublishNext();
    }

    // Links report faults as values; one that throws is a defect, which must not leave this actor waiting.
    private void Reported<T>(Func<Task<T>> work, Func<T, object> success, Func<string, object> failure)
    {
        CarryOutAsync().PipeTo(Self);

        async Task<object> CarryOutAsync()
        {
            try
            {
                return success(await work());
            }
            catch (Exception fault)
            {
                return failure($"{fault.GetType().Name}: {fault.Message}");
            }
        }
    }

    private sealed record TryConnect
    {
        public static readonly TryConnect Instance = new();
    }

    private sealed record ConnectEnded(object Attempt, ConnectOutcome Outcome);

    private sealed record PublishEnded(InFlightMessage InFlight, PublishOutcome Outcome, long StartedAt);

    private sealed record LinkGone(string Reason);

    private sealed record NoGoodbye(string Reason);

    private sealed record RestLimitReached
    {
        public static readonly RestLimitReached Instance = new();
    }

    private sealed record GoodbyeSent
    {
        public static readonly GoodbyeSent Instance = new();
    }
}
