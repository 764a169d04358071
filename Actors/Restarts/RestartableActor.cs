using Akka.Actor;

namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>An actor whose state is in objects that outlive it. Its reference, mailbox and timers stay the same over a
/// restart, so results of work that an earlier instance started reach the later one.</summary>
internal abstract class RestartableActor(FailedMessageRetry messageRetry) : ReceiveActor, IWithUnboundedStash
{
    /// <summary>Set by Akka.</summary>
    public IStash Stash { get; set; } = null!;

    /// <summary>Begins or continues the work: called at the first start and after each restart. What is already under
    /// way is not started twice.</summary>
    protected abstract void Resume();

    /// <summary>Called after a restart for a message that made the actor fail twice.</summary>
    protected abstract void GiveUp(object message);

    protected sealed override void PreStart() => Resume();

    // Not PostStop, which ends the work for good.
    protected sealed override void PreRestart(Exception reason, object message) => messageRetry.Failed(message, Sender);

    protected sealed override void PostRestart(Exception reason)
    {
        messageRetry.GiveUp(GiveUp);
        Resume();
        if (messageRetry.TakeAgain() is { } again)
        {
            // In front of what came later, because order matters: the latest state must stay the latest.
            Stash.Prepend([again]);
            Stash.UnstashAll();
        }
    }
}
