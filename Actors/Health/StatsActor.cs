using Akka.Actor;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>Publishes what was counted, on a fixed interval.</summary>
internal sealed class StatsActor : ReceiveActor
{
    private readonly TimeSpan _every;
    private readonly TimeProvider _time;
    private ITimer? _timer;

    /// <param name="snapshot">Takes the numbers now.</param>
    /// <param name="toBytes">Their form on the wire.</param>
    /// <param name="publisher">Gets a <see cref="SayStats"/> each time.</param>
    /// <param name="every">The interval.</param>
    /// <param name="time">Paces it.</param>
    public StatsActor(
        Func<EdgeStats> snapshot,
        Func<EdgeStats, byte[]> toBytes,
        IActorRef publisher,
        TimeSpan every,
        TimeProvider time)
    {
        _every = every;
        _time = time;
        Receive<Tick>(_ => publisher.Tell(new SayStats(toBytes(snapshot()))));
    }

    protected override void PreStart() => _timer = _time.TellEvery(Self, _every, Tick.Instance);

    protected override void PostStop() => _timer?.Dispose();

    private sealed record Tick
    {
        public static readonly Tick Instance = new();
    }
}
