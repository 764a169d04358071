using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Publishes the statistics, on a fixed interval.</summary>
internal sealed partial class StatsActor : RestartableActor
{
    private readonly Func<StatsPayload> _snapshot;
    private readonly IActorRef _publisher;
    private readonly StatsActorState _state;
    private readonly TimeSpan _every;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="state">Outlives this actor.</param>
    /// <param name="snapshot">Takes the numbers now.</param>
    /// <param name="publisher">Gets a <see cref="PublishStats"/> each time.</param>
    /// <param name="every">The interval.</param>
    /// <param name="time">Paces it.</param>
    /// <param name="logger">Logs statistics that could not be published.</param>
    public StatsActor(
        StatsActorState state,
        Func<StatsPayload> snapshot,
        IActorRef publisher,
        TimeSpan every,
        TimeProvider time,
        ILogger<StatsActor> logger)
        : base(state.MessageRetry)
    {
        _state = state;
        _snapshot = snapshot;
        _publisher = publisher;
        _every = every;
        _time = time;
        _logger = logger;
        Receive<Tick>(_ => Publish());
    }

    /// <inheritdoc/>
    protected override void Resume() => _state.Timer ??= _time.SendEvery(Self, _every, Tick.Instance);

    /// <inheritdoc/>
    protected override void GiveUp(object message)
    {
        // The next statistics follow soon.
    }

    protected override void PostStop() => _state.Timer?.Dispose();

    private void Publish()
    {
        try
        {
            _publisher.Tell(new PublishStats(MqttJson.Serialize(_snapshot())));
        }
        catch (Exception fault)
        {
            // An error in the statistics must not stop the answers.
            LogNotPublished(fault);
        }
    }

    [LoggerMessage(EventId = 88, Level = LogLevel.Error, Message =
        "The statistics could not be published; answering continues and the next ones are tried as usual.")]
    private partial void LogNotPublished(Exception fault);

    private sealed record Tick
    {
        public static readonly Tick Instance = new();
    }
}

/// <summary>What must survive a restart of the statistics actor: its timer and the message at which it failed.</summary>
internal sealed class StatsActorState
{
    public FailedMessageRetry MessageRetry { get; } = new();

    public ITimer? Timer { get; set; }
}
