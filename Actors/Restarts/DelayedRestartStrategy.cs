using Akka.Actor;
using Akka.Actor.Internal;

namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>Like <see cref="OneForOneStrategy"/>, but leaves it to its owner when a failed child is restarted. Until then
/// the child is suspended and keeps its mailbox.</summary>
/// <param name="decide">Restart or stop.</param>
/// <param name="restartLater">Gets each child that is to be restarted, with its failure; calls
/// <see cref="RestartNow"/> for it when its time has come.</param>
internal sealed class DelayedRestartStrategy(
    Func<Exception, Directive> decide, Action<IActorRef, Exception> restartLater)
    : OneForOneStrategy(-1, -1, decide, loggingEnabled: false)
{
    public override void ProcessFailure(
        IActorContext context,
        bool restart,
        IActorRef child,
        Exception cause,
        ChildRestartStats stats,
        IReadOnlyCollection<ChildRestartStats> children)
    {
        if (restart)
        {
            restartLater(child, cause);
        }
        else
        {
            context.Stop(child);
        }
    }

    /// <summary>Restarts a child that failed. On the owner's thread.</summary>
    public void RestartNow(IActorRef child, Exception cause) => RestartChild(child, cause, suspendFirst: false);
}
