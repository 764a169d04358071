using System.Text.Json.Serialization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The state of a question after its rules.</summary>
public sealed record QuestionState
{
    /// <summary>The state before the first answer.</summary>
    public static QuestionState Nothing { get; } = new();

    /// <summary>The state; null while it is unknown.</summary>
    public string? Value { get; init; }

    /// <summary>Why it is unknown; null while it is known.</summary>
    public UnknownReason? Reason { get; init; } = UnknownReason.NotYet;

    /// <summary>Capture time of the first frame that showed it, or the time at which it became unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Score of the last clear answer.</summary>
    public double? Score { get; init; }

    /// <summary>The last value that was known, which is the state's own while that is known; null if none ever was.</summary>
    public string? LastKnown { get; init; }

    /// <summary>Capture time of the last frame that confirmed it.</summary>
    public DateTimeOffset? LastKnownAt { get; init; }

    /// <summary>The text that is published: the value or <c>unknown</c>.</summary>
    public string State => Value ?? AnswerWords.Unknown;
}

/// <summary>A known state became another one.</summary>
/// <param name="From">The last known value.</param>
/// <param name="To">The new one.</param>
/// <param name="Score">Score of the deciding answer; null for kinds without scores.</param>
/// <param name="Since">Capture time of the first frame that showed the new value.</param>
/// <param name="SuppressedChanges">Changes since the last event that the cool-down kept back.</param>
public sealed record StateChange(string From, string To, double? Score, DateTimeOffset Since, int SuppressedChanges)
{
    /// <summary>What the score is from; null without a score, and for a question that was not taught.</summary>
    public ScoreSource? ScoredBy { get; init; }
}

/// <summary>Result of evaluating one answer, or the passing of time.</summary>
/// <param name="PublishesState">The state is to be published.</param>
/// <param name="PublishesAnswer">The answer is to be published.</param>
/// <param name="Event">The change is an event.</param>
public readonly record struct Evaluation(bool PublishesState, bool PublishesAnswer, StateChange? Event);

/// <summary>The part that survives a restart.</summary>
/// <param name="Kind">Kind of the question: the state of another kind is dropped.</param>
/// <param name="State">The state.</param>
/// <param name="LastEventAt">When the last event was sent.</param>
public sealed record SavedQuestionState(
    QuestionKind Kind, [property: JsonPropertyName("standing")] QuestionState State, DateTimeOffset? LastEventAt)
{
    /// <summary>The <see cref="TaughtScoring.Identity"/> of the scorer that the state is from; left out for the model's own score.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Scorer { get; init; }
}
