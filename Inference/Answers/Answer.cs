namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended it, or it is a score and nothing was written.</summary>
    Stopped,

    /// <summary>The token limit or the context was reached.</summary>
    Length,

    /// <summary>The caller asked to stop; the text so far is kept.</summary>
    Cancelled,

    /// <summary>There is no answer; <see cref="Answer.Failure"/> says why.</summary>
    Failed,
}

/// <summary>What the model says about one picture.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Value"><c>yes</c> or <c>no</c> for a yes/no question, the likeliest choice as it was given, else the
/// text.</param>
/// <param name="Text">The written answer; for a yes/no question the spelling that led.</param>
/// <param name="Score">Probability of yes, 0..1, for a yes/no question: P(yes) / (P(yes) + P(no)), all spellings
/// summed; that of the likeliest choice; null for text.</param>
/// <param name="TokenIds">Ids written, the end token included if reached; empty when only scored.</param>
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
    /// <summary>Probability of each of the question's choices, in their order, adding up to 1; empty for other kinds.</summary>
    public IReadOnlyList<double> ChoiceScores { get; init; } = [];

    /// <summary>Why there is no answer; null when there is one. Value and text are empty then, and there is no
    /// score.</summary>
    public AnswerFailure? Failure { get; init; }

    /// <summary>The answer to a question that has none.</summary>
    public static Answer Failed(Question question, AnswerFailureKind kind, Exception cause) =>
        new(question, "", "", null, [], FinishReason.Failed, default) { Failure = new AnswerFailure(kind, cause) };
}

/// <summary>Times of the decoder's two phases for one answer.</summary>
/// <param name="Prefill">Question tokens through the decoder. The picture's own prefix is counted in
/// <see cref="IQuestionAnswerer.Prime"/>.</param>
/// <param name="Decode">Writing the answer, token by token.</param>
public readonly record struct AnswerTimings(TimeSpan Prefill, TimeSpan Decode);
