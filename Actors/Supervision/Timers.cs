using Akka.Actor;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>Messages that come later, by the clock the system was given.</summary>
internal static class Timers
{
    /// <summary>Tells once, after the delay. Dispose the timer to call it off; keep it referenced meanwhile.</summary>
    public static ITimer SendAfter(this TimeProvider time, IActorRef receiver, TimeSpan delay, object message) =>
        time.CreateTimer(_ => receiver.Tell(message), null, delay, Timeout.InfiniteTimeSpan);

    /// <summary>Tells again and again, first after one interval.</summary>
    public static ITimer SendEvery(this TimeProvider time, IActorRef receiver, TimeSpan interval, object message) =>
        time.CreateTimer(_ => receiver.Tell(message), null, interval, interval);
}
