using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>What was learned for a question, or why it cannot be used. Compares by content, so that a file that is read again and did not
/// change disturbs nothing.</summary>
public sealed class TaughtScoring : IEquatable<TaughtScoring>
{
    private TaughtScoring(TaughtScorer? scorer, string? identity, string? problem) => (Scorer, Identity, Problem) = (scorer, identity, problem);

    /// <summary>Scores the answers; null where the model's own score counts.</summary>
    public TaughtScorer? Scorer { get; }

    /// <summary>Equal for equal scorers; null for the model's own score.</summary>
    public string? Identity { get; }

    /// <summary>Why the model's own score counts, as sentences for an operator; null where <see cref="Scorer"/> is used.</summary>
    public string? Problem { get; }

    /// <summary>A scorer that is used.</summary>
    /// <param name="scorer">The scorer.</param>
    /// <param name="digest">Of the content that it was made from.</param>
    public static TaughtScoring Using(TaughtScorer scorer, string digest)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        return new TaughtScoring(scorer, $"{scorer.Answerer} {digest}", null);
    }

    /// <summary>Nothing that can be used: the model's own score counts.</summary>
    /// <param name="problem">Why, as sentences for an operator.</param>
    public static TaughtScoring Unusable(string problem) => new(null, null, problem);

    /// <inheritdoc/>
    public bool Equals(TaughtScoring? other) => other is not null && (Identity, Problem) == (other.Identity, other.Problem);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TaughtScoring);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Identity, Problem);
}
