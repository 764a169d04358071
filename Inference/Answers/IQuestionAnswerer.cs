using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Stage 2: visual tokens and questions to answers. Holds the KV cache of one picture at a time; one call
/// at a time, from any thread.</summary>
public interface IQuestionAnswerer : IDisposable
{
    /// <summary>Fills the cache with this picture, behind the system prompt that stays there for ever. Every
    /// <see cref="AskAll"/> that follows is about this picture. Does not dispose the tokens.</summary>
    void Prime(VisualTokens picture);

    /// <summary>Answers questions about the primed picture together, as if each were asked alone, and rewinds the cache
    /// to the picture.</summary>
    /// <param name="questions">Any number, of any kinds.</param>
    /// <param name="onAnswer">Told each answer with the place of its question, once, as soon as it is known: scored ones
    /// before written ones. A question that cannot be answered is reported with an <see cref="Answer.Failure"/>, and the
    /// others are still answered. Called on the calling thread.</param>
    /// <param name="cancel">Ends written answers early; they are told as <see cref="FinishReason.Cancelled"/>.</param>
    /// <exception cref="InvalidOperationException">No picture was primed.</exception>
    void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default);
}

/// <summary>What can be built on <see cref="IQuestionAnswerer"/>.</summary>
public static class QuestionAnswererExtensions
{
    /// <summary>Answers one question about the primed picture.</summary>
    /// <exception cref="Exception">The <see cref="AnswerFailure.Cause"/> of a question that has no answer.</exception>
    public static Answer Ask(this IQuestionAnswerer answerer, Question question, CancellationToken cancel = default)
    {
        Answer? told = null;
        answerer.AskAll([question], (_, answer) => told = answer, cancel);
        return told switch
        {
            null => throw new InvalidOperationException("The answerer reported no answer."),
            { Failure: { } failure } => throw failure.Cause,
            _ => told,
        };
    }
}
