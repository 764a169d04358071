using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>Everything that is counted, from the start of the process. Thread-safe; outlives each pipeline.</summary>
internal sealed class EdgeCounters
{
    private readonly Dictionary<CameraId, CameraCounters> _cameras;

    public EdgeCounters(IReadOnlyList<CameraPlan> plans) =>
        _cameras = plans.ToDictionary(plan => plan.Id, plan => new CameraCounters(plan.Questions));

    public CameraCounters this[CameraId camera] => _cameras[camera];

    public PipelineCounters Pipeline { get; } = new();

    public MqttCounters Mqtt { get; } = new();

    public AskCounters Asks { get; } = new();

    public EdgeStats Snapshot(EdgeSettings settings, DateTimeOffset startedAt, DateTimeOffset now) => new()
    {
        Node = settings.Node,
        Model = settings.ModelName,
        Target = settings.Target,
        At = now,
        StartedAt = startedAt,
        Cameras = _cameras.ToDictionary(entry => entry.Key.Value, entry => entry.Value.Snapshot()),
        Pipeline = Pipeline.Snapshot(),
        Mqtt = Mqtt.Snapshot(),
        Asks = Asks.Snapshot(),
    };
}

internal sealed class CameraCounters
{
    private readonly Dictionary<string, QuestionCounters> _questions;
    private volatile bool _online;

    public CameraCounters(IReadOnlyList<StandingQuestion> questions) =>
        _questions = questions.ToDictionary(question => question.Id, _ => new QuestionCounters());

    public bool Online
    {
        get => _online;
        set => _online = value;
    }

    public Counter Captured { get; } = new();

    public Counter Replaced { get; } = new();

    public Counter Idle { get; } = new();

    public Counter Stale { get; } = new();

    public Counter Used { get; } = new();

    public Counter Failed { get; } = new();

    public Counter CaptureRestarts { get; } = new();

    public LastMoment LastFrame { get; } = new();

    public QuestionCounters Question(string id) => _questions[id];

    public CameraStats Snapshot() => new()
    {
        Online = Online,
        Captured = Captured.Value,
        Replaced = Replaced.Value,
        Idle = Idle.Value,
        Stale = Stale.Value,
        Used = Used.Value,
        Failed = Failed.Value,
        CaptureRestarts = CaptureRestarts.Value,
        LastFrameAt = LastFrame.Value,
        Questions = _questions.ToDictionary(entry => entry.Key, entry => entry.Value.Snapshot()),
    };
}

internal sealed class QuestionCounters
{
    public Counter Asked { get; } = new();

    public Counter Answered { get; } = new();

    public Counter Failed { get; } = new();

    public LastMoment LastAsked { get; } = new();

    public LastMoment LastAnswer { get; } = new();

    public LastMoment LastFailure { get; } = new();

    public QuestionStats Snapshot() => new(Asked.Value, Answered.Value, Failed.Value, LastAnswer.Value);
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
    private volatile bool _connected;

    public bool Connected
    {
        get => _connected;
        set => _connected = value;
    }

    public Counter Published { get; } = new();

    public Counter Failed { get; } = new();

    public Counter Reconnects { get; } = new();

    public Counter CommandsIgnored { get; } = new();

    public MqttStats Snapshot() =>
        new(Connected, Published.Value, Failed.Value, Reconnects.Value, CommandsIgnored.Value);
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
