using System.Collections.Concurrent;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>Everything that is counted, from the start of the process. Thread-safe; outlives each pipeline and each
/// configuration.</summary>
internal sealed class EdgeCounters
{
    private readonly ConcurrentDictionary<CameraId, CameraCounters> _cameras = new();

    /// <summary>Of a camera that there is or was.</summary>
    public CameraCounters this[CameraId camera] => _cameras.GetOrAdd(camera, _ => new CameraCounters());

    public PipelineCounters Pipeline { get; } = new();

    public MqttCounters Mqtt { get; } = new();

    public AskCounters Asks { get; } = new();

    /// <param name="settings">Names.</param>
    /// <param name="plans">What there is now; what there was before is left out.</param>
    /// <param name="uptime">Since the start, on the steady clock.</param>
    /// <param name="clock">Says which times are known.</param>
    /// <param name="storage">Of this moment.</param>
    public EdgeStats Snapshot(
        EdgeSettings settings, IEnumerable<CameraPlan> plans, TimeSpan uptime, ClockMonitor clock, StorageStats storage)
    {
        return new EdgeStats
        {
            Node = settings.Node,
            Model = settings.ModelName,
            Target = settings.Target,
            At = clock.Now,
            Uptime = uptime,
            Cameras = plans.ToDictionary(plan => plan.Id.Value, plan => this[plan.Id].Snapshot(plan.Questions, clock)),
            Pipeline = Pipeline.Snapshot(),
            Mqtt = Mqtt.Snapshot(clock),
            Asks = Asks.Snapshot(),
            Storage = storage,
        };
    }
}

internal sealed class CameraCounters
{
    private readonly ConcurrentDictionary<string, QuestionCounters> _questions = new();
    private volatile bool _online;
    private long _lastAgeTicks = long.MinValue;
    private volatile int _view;
    private long _sameFor = -1;
    private long _repeatsFor = -1;

    public bool Online
    {
        get => _online;
        set => _online = value;
    }

    public Counter Captured { get; } = new();

    public Counter Repeated { get; } = new();

    public Counter Replaced { get; } = new();

    public Counter Idle { get; } = new();

    public Counter Stale { get; } = new();

    public Counter Used { get; } = new();

    public Counter Gated { get; } = new();

    public Counter Failed { get; } = new();

    public Counter CaptureRestarts { get; } = new();

    /// <summary>Connections that were found frozen.</summary>
    public Counter Frozen { get; } = new();

    public LastMoment LastFrozen { get; } = new();

    /// <summary>How often the view changed to one that is not normal.</summary>
    public Counter ViewChanges { get; } = new();

    public ViewState View
    {
        get => (ViewState)_view;
        set => _view = (int)value;
    }

    /// <summary>How long the source has repeated its pictures; null where that means nothing.</summary>
    public TimeSpan? SameFor
    {
        get => FromTicks(ref _sameFor);
        set => Interlocked.Exchange(ref _sameFor, value?.Ticks ?? -1);
    }

    /// <summary>The same, once it is too long for a live source; null before.</summary>
    public TimeSpan? RepeatsFor
    {
        get => FromTicks(ref _repeatsFor);
        set => Interlocked.Exchange(ref _repeatsFor, value?.Ticks ?? -1);
    }

    public LastMoment LastFrame { get; } = new();

    /// <summary>A frame's answers are ready.</summary>
    /// <param name="age">Of the frame at that moment.</param>
    public void Aged(TimeSpan age) => Interlocked.Exchange(ref _lastAgeTicks, age.Ticks);

    /// <summary>Of a question that there is or was.</summary>
    public QuestionCounters Question(string id) => _questions.GetOrAdd(id, _ => new QuestionCounters());

    public CameraStats Snapshot(IEnumerable<StandingQuestion> questions, ClockMonitor clock) => new()
    {
        Online = Online,
        Captured = Captured.Value,
        Repeated = Repeated.Value,
        Replaced = Replaced.Value,
        Idle = Idle.Value,
        Stale = Stale.Value,
        Used = Used.Value,
        Gated = Gated.Value,
        Failed = Failed.Value,
        CaptureRestarts = CaptureRestarts.Value,
        LastFrameAt = LastFrame.At(clock),
        LastAge = Interlocked.Read(ref _lastAgeTicks) is var ticks and not long.MinValue ? TimeSpan.FromTicks(ticks) : null,
        SameFor = SameFor,
        Frozen = Frozen.Value,
        LastFrozenAt = LastFrozen.At(clock),
        View = View,
        ViewChanges = ViewChanges.Value,
        Questions = questions.ToDictionary(question => question.Id, question => Question(question.Id).Snapshot(clock)),
    };

    private static TimeSpan? FromTicks(ref long ticks) =>
        Interlocked.Read(ref ticks) is var value and >= 0 ? TimeSpan.FromTicks(value) : null;
}

internal sealed class QuestionCounters
{
    private volatile int _wait = (int)UnknownReason.NotYet;
    private volatile int _failure = (int)UnknownReason.ModelFailed;

    public Counter Asked { get; } = new();

    public Counter Answered { get; } = new();

    public Counter Failed { get; } = new();

    public LastMoment LastAsked { get; } = new();

    public LastMoment LastAnswer { get; } = new();

    public LastMoment LastFailure { get; } = new();

    /// <summary>Why it got no answer when it was asked last; meaningless before <see cref="LastFailure"/> is set.</summary>
    public UnknownReason LastFailureReason
    {
        get => (UnknownReason)_failure;
        set => _failure = (int)value;
    }

    /// <summary>What it waits for; null when it is answered as it should be.</summary>
    public UnknownReason? Wait
    {
        get => _wait < 0 ? null : (UnknownReason)_wait;
        set => _wait = value is { } reason ? (int)reason : -1;
    }

    public QuestionStats Snapshot(ClockMonitor clock) =>
        new(Asked.Value, Answered.Value, Failed.Value, LastAsked.At(clock), LastAnswer.At(clock), Wait);
}

internal sealed class PipelineCounters
{
    private readonly Lock _lock = new();
    private TimeSpan _lastAge;
    private TimeSpan _maxAge;

    public Counter Restarts { get; } = new();

    public Counter FramesLost { get; } = new();

    public Counter Answers { get; } = new();

    public void Aged(TimeSpan age)
    {
        lock (_lock)
        {
            _lastAge = age;
            _maxAge = age > _maxAge ? age : _maxAge;
        }
    }

    public PipelineStats Snapshot()
    {
        lock (_lock)
        {
            return new PipelineStats(
                Restarts.Value, FramesLost.Value, Answers.Value, _lastAge.TotalMilliseconds, _maxAge.TotalMilliseconds);
        }
    }
}

internal sealed class MqttCounters
{
    private OutboxStats? _outbox;
    private volatile bool _connected;

    /// <summary>The broker has acknowledged a message, and how long that took.</summary>
    public event Action<TimeSpan>? Acknowledged;

    public bool Connected
    {
        get => _connected;
        set => _connected = value;
    }

    public Counter Published { get; } = new();

    public Counter Failed { get; } = new();

    public Counter Reconnects { get; } = new();

    public Counter CommandsIgnored { get; } = new();

    /// <summary>As it was when an event last moved; null before the first.</summary>
    public OutboxStats? Outbox
    {
        get => Volatile.Read(ref _outbox);
        set => Volatile.Write(ref _outbox, value);
    }

    public void Accepted(TimeSpan after)
    {
        Published.Increment();
        Acknowledged?.Invoke(after);
    }

    public MqttStats Snapshot(ClockMonitor clock) => new(
        Connected,
        Published.Value,
        Failed.Value,
        Reconnects.Value,
        Outbox?.Rows ?? 0,
        Outbox?.Bytes ?? 0,
        clock.Known(Outbox?.OldestAt),
        (Outbox?.DroppedForRoom ?? 0) + (Outbox?.DroppedForAge ?? 0),
        CommandsIgnored.Value);
}

internal sealed class AskCounters
{
    public Counter Received { get; } = new();

    public Counter Answered { get; } = new();

    public Counter Busy { get; } = new();

    public Counter Expired { get; } = new();

    public Counter Refused { get; } = new();

    public Counter Failed { get; } = new();

    public AskStats Snapshot() =>
        new(Received.Value, Answered.Value, Busy.Value, Expired.Value, Refused.Value, Failed.Value);
}
