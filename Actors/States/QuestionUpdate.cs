using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The last answer to a question.</summary>
/// <param name="Frame">The frame, without its snapshot.</param>
/// <param name="Answer">The answer of the model.</param>
/// <param name="Parsed">The answer as it was parsed.</param>
public sealed record LastAnswer(FrameAnswered Frame, QuestionAnswered Answer, ParsedAnswer Parsed);

/// <summary>A change of a question that is published.</summary>
/// <param name="Camera">Whose question.</param>
/// <param name="Question">The question.</param>
/// <param name="Current">The current state.</param>
/// <param name="Last">Null before the first answer.</param>
/// <param name="IsFromFrame">True when the last frame is the reason; false when time passed.</param>
/// <param name="Evaluation">Which parts of it are published.</param>
public sealed record QuestionUpdate(
    CameraId Camera, StandingQuestion Question, QuestionState Current, LastAnswer? Last, bool IsFromFrame, Evaluation Evaluation)
{
    /// <summary>Identifies the event of this change, however often it is published. Sortable by time, so that events that are stored by
    /// id are stored in order.</summary>
    public Guid EventId { get; } = Guid.CreateVersion7(Last is { Answer.AnsweredAt: var at } && at > DateTimeOffset.UnixEpoch ? at : DateTimeOffset.UnixEpoch);
}

/// <summary>Updates of several questions at once.</summary>
/// <param name="Frame">The frame they are about, with its snapshot; null when time passed.</param>
/// <param name="Updates">In the order of the configuration.</param>
internal sealed record StateUpdates(FrameAnswered? Frame, IReadOnlyList<QuestionUpdate> Updates);
