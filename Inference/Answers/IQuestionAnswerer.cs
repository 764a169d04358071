using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Stage 2: answers questions about visual tokens. Holds the KV cache of one picture at a time; one call
/// at a time, from any thread.</summary>
public interface IQuestionAnswerer : IDisposable
{
    /// <summary>The features that <see cref="Answer.Features"/> can return.</summary>
    FeatureKinds AvailableFeatures => FeatureKinds.None;

    /// <summary>Fills the cache with this picture, after the system prompt that always stays there. Every
    /// <see cref="AskAll"/> that follows is about this picture. Does not dispose the tokens.</summary>
    void PrefillPicture(VisualTokens picture);

    /// <summary>Answers several questions about the picture of the last <see cref="PrefillPicture"/> together, as if each were
    /// asked alone, and rewinds the cache to the end of the picture.</summary>
    /// <param name="questions">Any number, of any kinds.</param>
    /// <param name="onAnswer">Receives each answer with the index of its question, once, as soon as it is known: scored
    /// answers before texts. A question that cannot be answered is reported with an <see cref="Answer.Failure"/>, and the
    /// others are still answered. Called on the calling thread.</param>
    /// <param name="cancel">Ends texts early; they are reported as <see cref="FinishReason.Cancelled"/>.</param>
    /// <exception cref="InvalidOperationException"><see cref="PrefillPicture"/> was not called.</exception>
    void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default);

    /// <summary>Same as <see cref="PrefillPicture"/> and <see cref="AskAll"/> after it; an answerer may do both at once, which takes less time. The picture's time is then part of the answers'
    /// <see cref="AnswerTimings.Prefill"/>.</summary>
    void AskAbout(VisualTokens picture, IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
    {
        PrefillPicture(picture);
        AskAll(questions, onAnswer, cancel);
    }
}

/// <summary>Asks one question instead of several.</summary>
public static class QuestionAnswererExtensions
{
    /// <summary>Answers one question about the picture that was prefilled last.</summary>
    /// <exception cref="Exception">The <see cref="AnswerFailure.Cause"/> of a question that has no answer.</exception>
    public static Answer Ask(this IQuestionAnswerer answerer, Question question, CancellationToken cancel = default) =>
        Single(onAnswer => answerer.AskAll([question], onAnswer, cancel));

    /// <summary>The answer of a call that asks one question.</summary>
    /// <exception cref="Exception">The <see cref="AnswerFailure.Cause"/> of a question that has no answer.</exception>
    internal static Answer Single(Action<Action<int, Answer>> askAll)
    {
        Answer? reported = null;
        askAll((_, answer) => reported = answer);
        return reported switch
        {
            null => throw new InvalidOperationException("The answerer reported no answer."),
            { Failure: { } failure } => throw failure.Cause,
            _ => reported,
        };
    }
}
