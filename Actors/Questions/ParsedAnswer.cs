using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>One answer to a question, parsed, before any rule is applied.</summary>
public sealed record ParsedAnswer
{
    /// <summary><c>yes</c>, <c>no</c>, a choice, a number, the text, an object as JSON; null when the answer is
    /// unclear.</summary>
    public required string? Value { get; init; }

    /// <summary>Why there is no value; null when there is one.</summary>
    public UnknownReason? Unclear { get; init; }

    /// <summary>The question was asked and got no answer at all: its state is unknown at once, regardless of its rules for unclear
    /// answers.</summary>
    public bool IsFailure { get; init; }

    /// <summary>Probability of yes, or of the most likely choice, 0..1; null for other kinds.</summary>
    public double? Score { get; init; }

    /// <summary>Probability mass on the accepted words, 0..1 (<see cref="Answer.Mass"/>); null for other kinds.</summary>
    public double? Mass { get; init; }

    /// <summary>Where the score is from; null without a score, and for a question that was not taught.</summary>
    public ScoreSource? ScoredBy { get; init; }

    /// <summary>The generated text; for scored answers, the highest-scoring word.</summary>
    public string Text { get; init; } = "";

    /// <summary>The number, for that kind.</summary>
    public double? Number { get; init; }

    /// <summary>Probability of each choice, in their order; empty for other kinds.</summary>
    public EquatableList<KeyValuePair<string, double>> Choices { get; init; } = [];

    /// <summary>The object, for that kind; a field without a clear answer is null.</summary>
    public JsonObject? Fields { get; init; }
}

/// <summary>A moment on both clocks: the monotonic one for measuring, the wall clock for display.</summary>
/// <param name="Monotonic">Since any fixed moment of this run; never jumps.</param>
/// <param name="Utc">May be set at any time.</param>
public readonly record struct Instant(TimeSpan Monotonic, DateTimeOffset Utc);
