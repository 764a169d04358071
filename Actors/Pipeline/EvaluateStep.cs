using Akka.Actor;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Answers to question states and events. The rules belong to <see cref="EvaluationActor"/>, because time that passes
/// changes states as well; what has changed it sends to <see cref="PublisherActor"/>.</summary>
/// <param name="evaluation">Its reference stays the same when the actor is restarted; answers wait in its mailbox
/// meanwhile.</param>
/// <param name="onAnswered">Called before the answers are evaluated.</param>
internal sealed class EvaluateStep(IActorRef evaluation, Action<FrameAnswered> onAnswered)
{
    /// <summary>Returns at once.</summary>
    public void EvaluateAndPublish(FrameAnswered answered)
    {
        onAnswered(answered);
        evaluation.Tell(answered);
    }
}
