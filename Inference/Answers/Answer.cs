using System.Collections.ObjectModel;
using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended it, or it is a score and no text was generated.</summary>
    Stopped,

    /// <summary>The token limit or the context was reached.</summary>
    Length,

    /// <summary>The caller asked to stop; the text so far is kept.</summary>
    Cancelled,

    /// <summary>There is no answer; <see cref="Answer.Failure"/> says why.</summary>
    Failed,
}

/// <summary>Where a score is from.</summary>
public enum ScoreSource
{
    /// <summary>The model's logits.</summary>
    Model,

    /// <summary>The model's logits with a threshold that was learned from labelled pictures.</summary>
    Threshold,

    /// <summary>A learned head on what the decoder computed on the way to its answer.</summary>
    Head,

    /// <summary>A learned head on the visual tokens; the decoder was not asked.</summary>
    Encoder,
}

/// <summary>Names of score sources.</summary>
public static class ScoreSources
{
    /// <summary>The name in documents and messages.</summary>
    public static string ToName(this ScoreSource source) => source switch
    {
        ScoreSource.Model => "model",
        ScoreSource.Threshold => "threshold",
        ScoreSource.Head => "head",
        ScoreSource.Encoder => "encoder",
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "This source has no name."),
    };
}

/// <summary>The model's answer to one question about one picture.</summary>
/// <param name="Question">The question, with what it left to the model filled in (<see cref="Question.Suffix"/>, <see cref="Question.MinMass"/>).</param>
/// <param name="Value"><c>yes</c> or <c>no</c> for a yes/no question, the most likely choice as it was given, otherwise
/// the text.</param>
/// <param name="Text">The generated text; for a yes/no question <c>Yes</c> or <c>No</c>.</param>
/// <param name="Score">Probability of yes, 0..1, for a yes/no question: P(yes) / (P(yes) + P(no)), all spellings
/// summed; that of the most likely choice; null for text.</param>
/// <param name="TokenIds">Ids generated, the end token included if reached; empty when only scored.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Timings">Time spent on this answer alone.</param>
public sealed record Answer(
    Question Question,
    string Value,
    string Text,
    double? Score,
    IReadOnlyList<int> TokenIds,
    FinishReason Finish,
    AnswerTimings Timings)
{
    /// <summary>Probability of each of the question's choices, in their order; their sum is 1. Empty for other kinds.</summary>
    public IReadOnlyList<double> ChoiceScores { get; init; } = [];

    /// <summary>Probability mass on all accepted words together, 0..1: P(yes) + P(no), or the sum over the choices before they are scaled
    /// to 1. Little mass means that the model would say something else. Null for text.</summary>
    public double? Mass { get; init; }

    /// <summary>The mass is below <see cref="Question.MinMass"/>: <see cref="Value"/> is the most likely of the accepted words, but not what the
    /// model would say.</summary>
    /// <remarks>A taught score does not depend on what the model would say.</remarks>
    public bool IsBelowMinMass => ScoredBy == ScoreSource.Model && Mass < Question.MinMass;

    /// <summary>Where the score is from.</summary>
    public ScoreSource ScoredBy { get; init; }

    /// <summary>The model's own score where <see cref="Score"/> is a taught one; null where the decoder was not asked.</summary>
    public double? ModelScore { get; init; }

    /// <summary>Whether the picture is unlike all pictures from which the question was taught; null where that is not known.</summary>
    public bool? IsUnlikeLabels { get; init; }

    /// <summary>The <see cref="Question.Features"/>; empty where none were requested.</summary>
    public IReadOnlyDictionary<FeatureKinds, float[]> Features { get; init; } = ReadOnlyDictionary<FeatureKinds, float[]>.Empty;

    /// <summary>Why there is no answer; null when there is one. Value and text are empty then, and there is no
    /// score.</summary>
    public AnswerFailure? Failure { get; init; }

    /// <summary>Reports that a question has no answer.</summary>
    public static Answer Failed(Question question, AnswerFailureKind kind, Exception cause) =>
        new(question, "", "", null, [], FinishReason.Failed, default) { Failure = new AnswerFailure(kind, cause) };
}

/// <summary>Times of the decoder's two phases for one answer.</summary>
/// <param name="Prefill">Question tokens through the decoder, and the picture's where both went together
/// (<see cref="IQuestionAnswerer.AskAbout"/>).</param>
/// <param name="Decode">Generating the answer, token by token.</param>
public readonly record struct AnswerTimings(TimeSpan Prefill, TimeSpan Decode)
{
    /// <summary>Number of the batch, unique in this process: answers of one batch share one prefill, and each states its whole duration. 0 for an
    /// answer that was not computed.</summary>
    public long Batch { get; init; }
}
