using System.Collections.Concurrent;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>Everything that is counted, from the start of the process. Thread-safe; outlives each pipeline and each
/// configuration.</summary>
internal sealed class EdgeCounters
{
    private readonly ConcurrentDictionary<CameraId, CameraCounters> _cameras = new();

    /// <summary>The counters of a current or former camera.</summary>
    public CameraCounters this[CameraId camera] => _cameras.GetOrAdd(camera, _ => new CameraCounters());

    public PipelineCounters Pipeline { get; } = new();

    public MqttCounters Mqtt { get; } = new();

    public Counters<AskStats> Asks { get; } = new(new AskStats());

    /// <summary>Copies the counters of these cameras; those of former cameras and questions are left out.</summary>
    public IReadOnlyDictionary<string, CameraStats> CamerasOf(IEnumerable<CameraConfiguration> plans, ClockMonitor clock) =>
        plans.ToDictionary(plan => plan.Id.Value, plan => this[plan.Id].Snapshot(plan.Questions, clock));
}

/// <summary>The counters of one camera.</summary>
internal sealed class CameraCounters() : Counters<CameraStats>(new CameraStats())
{
    private readonly ConcurrentDictionary<string, QuestionCounters> _questions = new();
    private long _repeatsForTicks = -1;

    public bool Online
    {
        get => Read(camera => camera.Online);
        set => Update(camera => camera.Online = value);
    }

    /// <summary>How long the source has repeated its frames, once that is too long for a live source; null before.</summary>
    public TimeSpan? RepeatsFor
    {
        get => Interlocked.Read(ref _repeatsForTicks) is var ticks and >= 0 ? TimeSpan.FromTicks(ticks) : null;
        set => Interlocked.Exchange(ref _repeatsForTicks, value?.Ticks ?? -1);
    }

    public LastMoment LastFrame { get; } = new();

    /// <summary>The time at which a connection was last found frozen.</summary>
    public LastMoment LastFrozen { get; } = new();

    /// <summary>The counters of a current or former question.</summary>
    public QuestionCounters Question(string id) => _questions.GetOrAdd(id, _ => new QuestionCounters());

    public CameraStats Snapshot(IEnumerable<StandingQuestion> questions, ClockMonitor clock) => Read(camera => camera with { }) with
    {
        LastFrameAt = LastFrame.At(clock),
        LastFrozenAt = LastFrozen.At(clock),
        Questions = questions.ToDictionary(question => question.Id, question => Question(question.Id).Snapshot(clock) with
        {
            TaughtProblem = question.Taught?.Problem,
            TaughtDrift = Question(question.Id).DriftOf(question, clock),
        }),
    };
}

/// <summary>The counters of one question.</summary>
internal sealed class QuestionCounters() : Counters<QuestionStats>(new QuestionStats())
{
    private volatile int _wait = (int)UnknownReason.NotYet;
    private volatile int _failure = (int)UnknownReason.ModelFailed;
    private long _gateRefreshTicks = -1;

    public LastMoment LastAsked { get; } = new();

    public LastMoment LastAnswer { get; } = new();

    public LastMoment LastFailure { get; } = new();

    /// <summary>Why it got no answer when it was asked last; meaningless before <see cref="LastFailure"/> is set.</summary>
    public UnknownReason LastFailureReason
    {
        get => (UnknownReason)_failure;
        set => _failure = (int)value;
    }

    /// <summary>The reason for which it has no answer; null when it is answered on time.</summary>
    public UnknownReason? WaitReason
    {
        get => _wait < 0 ? null : (UnknownReason)_wait;
        set => _wait = value is { } reason ? (int)reason : -1;
    }

    /// <summary>Current refresh interval of the scene gate; null where it has no answer to reuse.</summary>
    public TimeSpan? GateRefresh
    {
        get => Interlocked.Read(ref _gateRefreshTicks) is var ticks and >= 0 ? TimeSpan.FromTicks(ticks) : null;
        set => Interlocked.Exchange(ref _gateRefreshTicks, value?.Ticks ?? -1);
    }

    /// <summary>Set while the pictures of the taught question are unlike those from which it was taught.</summary>
    public LastMoment DriftedSince { get; } = new();

    /// <summary>What was compared of a taught question's pictures; null before the first.</summary>
    public TaughtDriftStats? Drift { get; set; }

    /// <summary>What is known of the pictures of a question; null where it was not taught.</summary>
    public TaughtDriftStats? DriftOf(StandingQuestion question, ClockMonitor clock) => question.Taught?.Scorer switch
    {
        null => null,
        { Reference: null } => new TaughtDriftStats { State = TaughtDriftStats.NoReference },
        _ => Drift is { } drift
            ? drift with { Since = drift.State == TaughtDriftStats.Drifted ? DriftedSince.At(clock) : null }
            : new TaughtDriftStats { State = TaughtDriftStats.None },
    };

    public QuestionStats Snapshot(ClockMonitor clock) => Read(question => question with { }) with
    {
        LastAskedAt = LastAsked.At(clock),
        LastAnsweredAt = LastAnswer.At(clock),
        WaitsFor = WaitReason?.ToText(),
        GateRefreshS = GateRefresh is { } interval ? (long)Math.Ceiling(interval.TotalSeconds) : null,
    };
}

/// <summary>The counters of the steps that all cameras share.</summary>
internal sealed class PipelineCounters() : Counters<PipelineStats>(new PipelineStats())
{
    /// <summary>The answers to a frame are ready.</summary>
    /// <param name="age">Age of the frame at that moment.</param>
    public void Aged(TimeSpan age) => Update(pipeline =>
        (pipeline.LastAgeMs, pipeline.MaxAgeMs) = (age.TotalMilliseconds, Math.Max(pipeline.MaxAgeMs ?? 0, age.TotalMilliseconds)));

    public PipelineStats Snapshot() => Read(pipeline => pipeline with { });
}

/// <summary>The counters of the connection to the broker.</summary>
internal sealed class MqttCounters() : Counters<MqttStats>(new MqttStats())
{
    /// <summary>The broker has acknowledged a message, and how long that took.</summary>
    public event Action<TimeSpan>? Acknowledged;

    public bool Connected
    {
        set => Update(mqtt => mqtt.Connected = value);
    }

    /// <summary>The outbox after an event was stored, sent or dropped.</summary>
    public void OutboxChanged(OutboxStats outbox) => Update(mqtt =>
        (mqtt.EventsWaiting, mqtt.EventsWaitingBytes, mqtt.EventsWaitingSince, mqtt.EventsDropped) =
            (outbox.Rows, outbox.Bytes, outbox.OldestAt, outbox.DroppedForSpace + outbox.DroppedForAge));

    public void Accepted(TimeSpan after)
    {
        Update(mqtt => mqtt.Published++);
        Acknowledged?.Invoke(after);
    }

    public MqttStats Snapshot(ClockMonitor clock)
    {
        var copy = Read(mqtt => mqtt with { });
        return copy with { EventsWaitingSince = clock.Correct(copy.EventsWaitingSince) };
    }
}
