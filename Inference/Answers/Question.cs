namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Form of an answer.</summary>
public enum AnswerKind
{
    /// <summary>Scored, not generated: a probability of "yes" against "no" from the logits at the answer position.</summary>
    YesNo,

    /// <summary>Free text, generated until the end token or the limit.</summary>
    Text,

    /// <summary>Scored, not generated: a probability for each of <see cref="Question.Choices"/>.</summary>
    Choice,
}

/// <summary>One question about one picture.</summary>
/// <param name="Text">As the user wrote it; the chat template is added by the engine.</param>
/// <param name="Kind">The form of the answer.</param>
/// <param name="MaxTokens">Maximum number of tokens for <see cref="AnswerKind.Text"/>.</param>
public sealed record Question(string Text, AnswerKind Kind, int MaxTokens = 128)
{
    /// <summary>The possible answers to a <see cref="AnswerKind.Choice"/> question: at least two, different, none
    /// empty.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>A draft: the ids that a <see cref="AnswerKind.Text"/> answer probably has, for example those of the last
    /// answer. It only saves time: a wrong draft changes nothing in the answer, except where two tokens have practically
    /// equal logits and the processor sums several rows in another order than one.</summary>
    public IReadOnlyList<int> Draft { get; init; } = [];
}
