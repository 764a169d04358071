using Akka.Actor;

namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>Delayed messages on the system's clock.</summary>
internal static class Timers
{
    /// <summary>Sends once, after the delay. Dispose the timer to cancel it; keep it referenced meanwhile.</summary>
    public static ITimer SendAfter(this TimeProvider time, IActorRef receiver, TimeSpan delay, object message) =>
        time.CreateTimer(_ => receiver.Tell(message), null, delay, Timeout.InfiniteTimeSpan);

    /// <summary>Sends repeatedly, first after one interval.</summary>
    public static ITimer SendEvery(this TimeProvider time, IActorRef receiver, TimeSpan interval, object message) =>
        time.CreateTimer(_ => receiver.Tell(message), null, interval, interval);
}
