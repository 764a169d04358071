namespace MobileVlm.Edge.Inference.Answers;

/// <summary>What form an answer takes.</summary>
public enum AnswerKind
{
    /// <summary>Scored, not written: a probability of "yes" against "no" from the logits at the answer position.</summary>
    YesNo,

    /// <summary>Free text, decoded until the end token or the limit.</summary>
    Text,

    /// <summary>Scored, not written: a probability for each of <see cref="Question.Choices"/>.</summary>
    Choice,
}

/// <summary>One question about one picture.</summary>
/// <param name="Text">As the user wrote it; the chat template is added by the engine.</param>
/// <param name="Kind">The form of the answer.</param>
/// <param name="MaxTokens">Most tokens written for <see cref="AnswerKind.Text"/>.</param>
public sealed record Question(string Text, AnswerKind Kind, int MaxTokens = 128)
{
    /// <summary>The answers among which a <see cref="AnswerKind.Choice"/> question is decided: at least two, different,
    /// none empty.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>A guess at the ids that a <see cref="AnswerKind.Text"/> answer will have, for example those of the last
    /// answer. It only saves time: a wrong guess changes nothing that is written,
    /// except where two tokens are as good as equal and the processor adds up several rows otherwise than one.</summary>
    public IReadOnlyList<int> Draft { get; init; } = [];
}
