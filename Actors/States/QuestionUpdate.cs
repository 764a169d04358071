using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The last picture that a question was answered about.</summary>
/// <param name="Frame">The picture, without its still.</param>
/// <param name="Answer">What the model said.</param>
/// <param name="Parsed">What that means.</param>
public sealed record LastAnswer(FrameAnswered Frame, QuestionAnswered Answer, ParsedAnswer Parsed);

/// <summary>What is to be said about a question.</summary>
/// <param name="Camera">Whose question.</param>
/// <param name="Question">The question.</param>
/// <param name="Current">What is held true now.</param>
/// <param name="Last">Null before the first answer.</param>
/// <param name="IsFresh">The last picture is why this is said; else time passed.</param>
/// <param name="Evaluation">What of it is published.</param>
public sealed record QuestionUpdate(
    CameraId Camera, StandingQuestion Question, QuestionState Current, LastAnswer? Last, bool IsFresh, Evaluation Evaluation)
{
    /// <summary>Identifies the event of this change for ever, however often it is published. In the order of time, so that
    /// whoever stores events by id stores them in order.</summary>
    public Guid EventId { get; } = Guid.CreateVersion7(Last is { Answer.AnsweredAt: var at } && at > DateTimeOffset.UnixEpoch ? at : DateTimeOffset.UnixEpoch);
}

/// <summary>Updates of several questions at once.</summary>
/// <param name="Frame">The picture they are about, with its still; null when time passed.</param>
/// <param name="Updates">In the order of the configuration.</param>
internal sealed record FrameEvaluated(FrameAnswered? Frame, IReadOnlyList<QuestionUpdate> Updates);
