using System.Text.Json.Serialization;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.States;

/// <summary>What is held true about a question after the rules.</summary>
public sealed record QuestionState
{
    /// <summary>Before anything was heard or missed.</summary>
    public static QuestionState Nothing { get; } = new();

    /// <summary>The state; null while it is unknown.</summary>
    public string? Value { get; init; }

    /// <summary>Why it is unknown; null while it is known.</summary>
    public UnknownReason? Reason { get; init; } = UnknownReason.NotYet;

    /// <summary>When the first picture that showed it was taken, or when it became unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Of the last clear reading.</summary>
    public double? Score { get; init; }

    /// <summary>The last value that was known, which is the state's own while that is known; null if none ever was.</summary>
    public string? LastKnown { get; init; }

    /// <summary>When the last picture that said so was taken.</summary>
    public DateTimeOffset? LastKnownAt { get; init; }

    /// <summary>As it stands in a topic.</summary>
    public string State => Value ?? AnswerWords.Unknown;
}

/// <summary>A known state became another one.</summary>
/// <param name="From">The last known value.</param>
/// <param name="To">The new one.</param>
/// <param name="Score">Of the reading that decided; null for kinds without.</param>
/// <param name="Since">When the first picture that showed the new value was taken.</param>
/// <param name="HeldBack">Changes since the last event that the cool-down kept back.</param>
public sealed record StateChange(string From, string To, double? Score, DateTimeOffset Since, int HeldBack);

/// <summary>What follows from one reading, or from time that passed.</summary>
/// <param name="PublishesState">The state is to be published.</param>
/// <param name="PublishesAnswer">The answer is to be published.</param>
/// <param name="Event">The change is an event.</param>
public readonly record struct Evaluation(bool PublishesState, bool PublishesAnswer, StateChange? Event);

/// <summary>What survives a restart.</summary>
/// <param name="Kind">Of the question: what was known of another kind means nothing.</param>
/// <param name="State">What was held true.</param>
/// <param name="LastEventAt">When the last event was sent.</param>
public sealed record SavedQuestionState(
    QuestionKind Kind, [property: JsonPropertyName("standing")] QuestionState State, DateTimeOffset? LastEventAt);
