using Akka.Actor;
using MobileVlm.Edge.Actors.Restarts;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Sends the results of work that the publisher starts to its actor, as messages.</summary>
/// <param name="actor">Its reference stays the same over restarts, so a later instance gets what an earlier one
/// started.</param>
/// <param name="time">Paces the timers.</param>
internal sealed class PublisherCallbacks(IActorRef actor, TimeProvider time)
{
    /// <summary>Sends the message after the delay.</summary>
    public ITimer SendAfter(TimeSpan delay, object message) => time.SendAfter(actor, delay, message);

    /// <summary>Sends the result. For work that never fails.</summary>
    public void SendResult<T>(Task<T> work) => work.PipeTo(actor);

    /// <summary>Starts the work and sends its result. Links report errors as values; one that throws has a defect, which must
    /// not leave the actor waiting.</summary>
    /// <param name="work">May throw before it returns a task.</param>
    /// <param name="success">The message for its result.</param>
    /// <param name="failure">The message for what it threw.</param>
    public void SendResult<T>(Func<Task<T>> work, Func<T, object> success, Func<string, object> failure)
    {
        SendResult(CarryOutAsync());

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
}
