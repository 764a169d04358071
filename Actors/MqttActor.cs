using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Inbox;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Actors;

/// <summary>A new statistics message.</summary>
internal sealed record SayStats(byte[] Body);

/// <summary>Says what is left to say, then <c>stopped</c>, then goodbye; the actor then stops.</summary>
internal sealed record StopPublishing
{
    public static readonly StopPublishing Instance = new();
}

/// <summary>Keeps the broker connected and tells it the latest of each topic, one message at a time. Nothing is
/// queued for a broker that is away or slow: the latest value wins, and all are sent afresh once it is back.</summary>
internal sealed partial class MqttActor : ReceiveActor, IDisposable
{
    private readonly IMqttLink _link;
    private readonly EdgeMessages _messages;
    private readonly DeviceAnnouncer _devices;
    private readonly QuestionSwitches _switches;
    private readonly MqttCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReconnectSettings _reconnect;
    private readonly Backoff _backoff;
    private readonly IActorRef _self = Context.Self;
    private readonly LatestByTopic _latest = new();
    private readonly EventLine _events;
    private readonly CancellationTokenSource _life = new();
    private IReadOnlyList<CameraPlan> _cameras;
    private ITimer? _retry;
    private ITimer? _refused;
    private LinkState _state = LinkState.Waiting;
    private bool _publishing;
    private long _publishedAt;
    private bool _eventsTurn;
    private bool _saidAfresh;
    private long _connectedAt;
    private bool _wasConnected;
    private ConnectOutcomeKind _said = ConnectOutcomeKind.Connected;
    private StopPhase _stop = StopPhase.None;

    public MqttActor(
        IMqttLink link,
        IEventOutbox outbox,
        EdgeMessages messages,
        IReadOnlyList<CameraPlan> cameras,
        QuestionSwitches switches,
        DeviceAnnouncer devices,
        MqttCounters counters,
        ReconnectSettings reconnect,
        Func<double> random,
        TimeProvider time,
        ILogger<MqttActor> logger)
    {
        _link = link;
        _messages = messages;
        _cameras = cameras;
        _switches = switches;
        _devices = devices;
        _counters = counters;
        _events = new EventLine(outbox, time);
        _reconnect = reconnect;
        _backoff = new Backoff(reconnect, random);
        _time = time;
        _logger = logger;
        Receive<AnswersJudged>(SayJudged);
        Receive<DueState>(SendBackOnceKept);
        Receive<PlansChanged>(Change);
        Receive<CameraAvailability>(camera => SayOfKnown(camera));
        Receive<SayStats>(stats => Say([_messages.Stats(stats.Body)]));
        ReceiveOthers();
        Receive<TryConnect>(_ => Connect());
        Receive<ConnectEnded>(ended => Connected(ended.Outcome));
        Receive<EventsMoved>(moved => Moved(moved));
        Receive<RefusedTopicsMayTry>(_ => RefusedMayTry());
        Receive<PublishEnded>(ended => Published(ended.Message, ended.IsEvent, ended.Outcome));
        Receive<LinkGone>(gone => Gone(gone.Reason));
        Receive<StopPublishing>(_ => Stop());
        Receive<SaidGoodbye>(_ => Context.Stop(Self));
        Receive<NoGoodbye>(no =>
        {
            LogNoGoodbye(_link.Description, no.Reason);
            Context.Stop(Self);
        });
    }

    private enum LinkState
    {
        Waiting,
        Connecting,
        Connected,
    }

    private enum StopPhase
    {
        None,
        SayTheRest,
        SayStopped,
        SayGoodbye,
    }

    protected override void PreStart()
    {
        _link.Disconnected += OnDisconnected;
        _switches.Changed += OnSwitched;
        Count();
        _latest.Set(_messages.Online);
        foreach (var camera in _cameras)
        {
            // Until its first frame; what the broker kept from the last run may say otherwise.
            _latest.Set(_messages.Camera(camera.Id, online: false));
            foreach (var question in camera.Questions)
            {
                _latest.Set(Enabled(camera.Id, question.Id));
            }
        }

        foreach (var device in _devices.Devices(_cameras))
        {
            _latest.Set(device);
        }

        Self.Tell(TryConnect.Instance);
    }

    protected override void PostStop()
    {
        _link.Disconnected -= OnDisconnected;
        _switches.Changed -= OnSwitched;
        _counters.Connected = false;
        _retry?.Dispose();
        _refused?.Dispose();
        _life.Cancel();
    }

    /// <summary>Called by Akka after <see cref="PostStop"/>.</summary>
    public void Dispose() => _life.Dispose();

    private void OnDisconnected(string reason) => _self.Tell(new LinkGone(reason));

    private void SayJudged(AnswersJudged judged)
    {
        foreach (var happened in _messages.Events(judged))
        {
            Keep(happened);
        }

        Say(_messages.Answers(judged));
    }

    private void SayOfKnown(CameraAvailability camera)
    {
        // One that was removed ends later than it is forgotten.
        if (_cameras.Any(plan => plan.Id == camera.Camera))
        {
            Say([_messages.Camera(camera.Camera, camera.Online)]);
        }
    }

    private void Change(PlansChanged changed)
    {
        var added = changed.Plans.Where(plan => _cameras.All(known => known.Id != plan.Id)).ToList();
        var removals = _devices.Removals(_cameras, changed.Plans).ToLookup(removal => removal.Payload.IsEmpty);
        foreach (var part in removals[false])
        {
            _once.Add(part);
        }

        _cameras = changed.Plans;
        Say([
            // A device that is gone takes the place of its announcement, which would be said again otherwise.
            .. removals[true],
            .. changed.Gone.Select(EdgeMessages.Gone),
            .. added.Select(plan => _messages.Camera(plan.Id, online: false)),
            .. changed.Plans.SelectMany(plan => plan.Questions.Select(question => Enabled(plan.Id, question.Id))),
            .. _devices.Devices(changed.Plans),
        ]);
    }

    private void Say(IEnumerable<OutboundMessage> messages)
    {
        foreach (var message in messages)
        {
            _latest.Set(message);
        }

        SayNext();
    }

    private void SayNext()
    {
        if (_state != LinkState.Connected || _publishing)
        {
            return;
        }

        if (TakeOnce() is { } once)
        {
            Publish(once, isEvent: false);
            return;
        }

        // Whoever was away hears how things are before what happened; then in turns, so that neither waits for the other
        // one's end on a slow link.
        _saidAfresh |= _latest.WaitingCount == 0;
        _eventsTurn = !_eventsTurn;
        if (_saidAfresh && _eventsTurn && _events.Ready is { } happened)
        {
            Publish(_messages.Event(happened), isEvent: true);
        }
        else if (_latest.TakeNext() is { } message)
        {
            Publish(message, isEvent: false);
        }
        else if (_events.Ready is { } last)
        {
            Publish(_messages.Event(last), isEvent: true);
        }
        else if (!_events.IsMoving)
        {
            StopFurther();
        }
    }

    private void Publish(OutboundMessage message, bool isEvent)
    {
        _publishing = true;
        _publishedAt = _time.GetTimestamp();
        Reported(
            _link.PublishAsync(message, _life.Token),
            outcome => new PublishEnded(message, isEvent, outcome),
            fault => new PublishEnded(message, isEvent, new PublishOutcome(PublishOutcomeKind.Lost, fault)));
    }

    private void Published(OutboundMessage message, bool isEvent, PublishOutcome outcome)
    {
        _publishing = false;
        switch (outcome.Kind)
        {
            case PublishOutcomeKind.Accepted:
                _counters.Accepted(_time.GetElapsedTime(_publishedAt));
                if (isEvent)
                {
                    Heard();
                }

                break;
            case PublishOutcomeKind.Refused:
                _counters.Failed.Increment();
                LogRefused(message.Topic, outcome.Reason);
                if (isEvent)
                {
                    Refused(message.Topic);
                }

                break;
            default:
                _counters.Failed.Increment();
                SendAgain(message, isEvent);

                if (_state == LinkState.Connected)
                {
                    Pause(outcome.Reason);
                }

                break;
        }

        SayNext();
    }

    // Links report faults as values; one that throws is a defect, which must not leave this actor waiting.
    private void Reported<T>(Task<T> work, Func<T, object> success, Func<string, object> failure) =>
        work.PipeTo(Self, success: success, failure: fault => failure($"{fault.GetType().Name}: {fault.Message}"));

    private sealed record TryConnect
    {
        public static readonly TryConnect Instance = new();
    }

    private sealed record ConnectEnded(ConnectOutcome Outcome);

    private sealed record PublishEnded(OutboundMessage Message, bool IsEvent, PublishOutcome Outcome);

    private sealed record LinkGone(string Reason);

    private sealed record NoGoodbye(string Reason);

    private sealed record SaidGoodbye
    {
        public static readonly SaidGoodbye Instance = new();
    }
}
