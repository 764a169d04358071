using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary>Everything that differs between the types of answers: how the model is asked, how its answer is parsed, what
/// subscribers get, and which rules hold when none is configured. A new type is a member of <see cref="QuestionKind"/>, whose name is the
/// word in the configuration, a class like its neighbours and a line in <see cref="Of(QuestionKind)"/>.</summary>
public abstract class AnswerHandler
{
    private static readonly YesNoHandler YesNo = new();
    private static readonly ChoiceHandler Choice = new();
    private static readonly NumberHandler Number = new();
    private static readonly TextHandler Text = new();
    private static readonly JsonHandler Json = new();

    private protected AnswerHandler()
    {
    }

    /// <summary>The handler of a type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type has none: a defect.</exception>
    public static AnswerHandler Of(QuestionKind kind) => kind switch
    {
        QuestionKind.YesNo => YesNo,
        QuestionKind.Choice => Choice,
        QuestionKind.Number => Number,
        QuestionKind.Text => Text,
        QuestionKind.Json => Json,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This type of answer has no handler."),
    };

    /// <summary>The handler of an ad-hoc question's answer type.</summary>
    internal static AnswerHandler Of(AnswerType asked) => asked switch
    {
        AnswerType.YesNo => YesNo,
        AnswerType.Choice => Choice,
        AnswerType.Number => Number,
        AnswerType.Text => Text,
        _ => throw new ArgumentOutOfRangeException(nameof(asked), asked, "This type of answer has no handler."),
    };

    /// <summary>True when the model writes the answer, so that its length counts; false when it scores given
    /// answers.</summary>
    public abstract bool IsWritten { get; }

    /// <summary>The model's question for one question or one field of an object.</summary>
    /// <param name="ask">The question as the user wrote it.</param>
    /// <param name="choices">At least two for <see cref="QuestionKind.Choice"/>; otherwise none.</param>
    /// <param name="maxTokens">Most tokens of a written answer.</param>
    /// <exception cref="NotSupportedException">The type is put together from fields, which are asked instead.</exception>
    public abstract Question ToModelQuestion(string ask, IReadOnlyList<string> choices, int maxTokens);

    /// <summary>Type of the state as Home Assistant sees it.</summary>
    internal abstract AnswerType Published { get; }

    /// <summary>True when the wording differs from answer to answer, so that a change of it means nothing.</summary>
    internal virtual bool IsFreeText => false;

    /// <summary>Which changes are events when the configuration has no value.</summary>
    internal EventRule DefaultEvents => IsFreeText ? EventRule.Never : EventRule.Changes;

    /// <summary>What an unclear answer does to the state when the configuration has no value.</summary>
    internal virtual UnsureRule DefaultUnsure => UnsureRule.Unknown;

    /// <summary>The model's questions for one question, in the order in which <see cref="Parse"/> expects the answers.</summary>
    internal virtual IEnumerable<Question> ToModelQuestions(StandingQuestion question) =>
    [
        ToModelQuestion(question.Text, question.Choices, question.MaxTokens) with
        {
            Suffix = question.Suffix,
            MinMass = question.MinMass,
            Taught = question.Taught?.Scorer,
        },
    ];

    /// <summary>Turns what the model answered into the type of answer that the user asked for.</summary>
    /// <param name="question">The question.</param>
    /// <param name="parts">The answers to what <see cref="ToModelQuestions"/> returned, in its order.</param>
    /// <param name="thresholds">Those of this time of the day.</param>
    internal virtual ParsedAnswer Parse(StandingQuestion question, IReadOnlyList<Answer> parts, Thresholds thresholds)
    {
        var parsed = ParsePart(parts[0], question.Number, thresholds);
        return question.Taught is null || parsed.Score is null ? parsed : parsed with { ScoredBy = parts[0].ScoredBy };
    }

    /// <summary>The same for one answer of the model.</summary>
    internal ParsedAnswer ParsePart(Answer answer, NumberBounds bounds, Thresholds thresholds) =>
        answer.Failure is { } failure ? Failed(failure.Kind.ToReason())
        : !IsFinite(answer) ? Failed(UnknownReason.NotFinite)
        : ParseSound(answer, bounds, thresholds);

    /// <summary>A text that is the same for two answers of the same value. An answer that is unclear for the same reason has
    /// the same value. The wording of a free text counts only where its changes are events
    /// (<see cref="WordingCounts"/>).</summary>
    /// <param name="question">The question.</param>
    /// <param name="parts">As <see cref="Parse"/> takes them.</param>
    /// <param name="thresholds">Those of this time of the day.</param>
    internal virtual string ToComparable(StandingQuestion question, IReadOnlyList<Answer> parts, Thresholds thresholds) =>
        ToComparable(ParsePart(parts[0], question.Number, thresholds), WordingCounts(question));

    /// <summary>Whether another wording of a free text is a change. Each answer may be worded differently although nothing
    /// changed; only a user who asked for events about changes wants to know.</summary>
    internal static bool WordingCounts(StandingQuestion question) =>
        (question.Rules.Events ?? Of(question.Kind).DefaultEvents) != EventRule.Never;

    /// <summary>The same for one answer of the model.</summary>
    internal string ToComparable(ParsedAnswer parsed, bool wordingCounts) =>
        parsed.Value is not { } value ? $"unclear: {parsed.Unclear}"
        : IsFreeText && !wordingCounts ? "a text"
        : $"value: {value}";

    /// <summary>The scores at which a value is taken, for showing them beside a score; null for answers without one.</summary>
    internal virtual ScoreThresholds? ToShown(Thresholds thresholds) => null;

    /// <summary>The text for the state topic.</summary>
    internal virtual string ToTopic(string state) => StateText.Cut(state);

    /// <summary>Parses an answer that the model gave without an error and whose scores are finite.</summary>
    private protected abstract ParsedAnswer ParseSound(Answer answer, NumberBounds bounds, Thresholds thresholds);

    private protected static ParsedAnswer Scored(Answer answer, string? value)
    {
        var other = UnknownReasons.ReasonOf(answer);
        return new()
        {
            Value = other is null ? value : null,
            Unclear = other ?? (value is null ? UnknownReason.Uncertain : null),
            Score = answer.Score,
            Mass = answer.Mass,
            Text = answer.Text,
        };
    }

    // JSON cannot express NaN, and no rule can use it.
    private static bool IsFinite(Answer answer) =>
        double.IsFinite(answer.Score ?? 0) && double.IsFinite(answer.Mass ?? 0) && answer.ChoiceScores.All(double.IsFinite);

    private static ParsedAnswer Failed(UnknownReason reason) => new() { Value = null, Unclear = reason, IsFailure = true };
}
