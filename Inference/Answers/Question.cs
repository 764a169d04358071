using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;

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

    /// <summary>Stands on its own line after the question, for example an instruction about the form of the answer; empty for none.
    /// Null is the model's own for <see cref="AnswerKind.YesNo"/> and <see cref="AnswerKind.Choice"/> (<see cref="ScoringDefaults"/>),
    /// and none for <see cref="AnswerKind.Text"/>.</summary>
    public string? Suffix { get; init; }

    /// <summary>Below this probability mass on the accepted words, 0..1, a scored answer is not taken for one of them
    /// (<see cref="Answer.IsBelowMinMass"/>); null is the model's own limit.</summary>
    public double? MinMass { get; init; }

    /// <summary>Features that <see cref="Answer.Features"/> returns beside the answer, for teaching; a scored question only.</summary>
    public FeatureKinds Features { get; init; }

    /// <summary>Scores the answer instead of the model's own score; null for a question that was not taught.</summary>
    public TaughtScorer? Taught { get; init; }

    /// <summary>Features that the answer's pass has to return.</summary>
    internal FeatureKinds NeededFeatures => Features | (Taught?.Features ?? FeatureKinds.None);

    /// <summary>The question as the model reads it. A suffix that the question already ends with is not repeated.</summary>
    public string PromptText => string.IsNullOrEmpty(Suffix) || Text.TrimEnd().EndsWith(Suffix, StringComparison.OrdinalIgnoreCase)
        ? Text
        : $"{Text}\n{Suffix}";

    /// <summary><see cref="PromptText"/> with what the question leaves to a model filled in.</summary>
    public string PromptFor(ModelManifest manifest) => WithDefaults(manifest.Scoring ?? ScoringDefaults.None).PromptText;

    /// <summary>Sets what the question leaves to the model.</summary>
    internal Question WithDefaults(ScoringDefaults defaults) => Kind == AnswerKind.Text
        ? this
        : this with { Suffix = Suffix ?? defaults.Suffix, MinMass = MinMass ?? defaults.MinMass };
}
