namespace MobileVlm.Edge.Inference.Answers;

/// <summary>What form an answer takes.</summary>
public enum AnswerKind
{
    /// <summary>Scored, not written: a probability of "yes" against "no" from the logits at the answer position.</summary>
    YesNo,

    /// <summary>Free text, decoded until the end token or the limit.</summary>
    Text,
}

/// <summary>One question about one picture.</summary>
/// <param name="Text">As the user wrote it; the chat template is added by the engine.</param>
/// <param name="Kind">The form of the answer.</param>
/// <param name="MaxTokens">Most tokens written for <see cref="AnswerKind.Text"/>.</param>
public sealed record Question(string Text, AnswerKind Kind, int MaxTokens = 128);
