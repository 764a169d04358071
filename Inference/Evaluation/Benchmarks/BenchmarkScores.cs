namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>A score, in the unit in which it is published: shares are 0 to 1, sums of MME up to 2000.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="IsCount">Whether it is a number of items.</param>
/// <param name="Largest">The largest possible value; means nothing for a count.</param>
public readonly record struct BenchmarkScore(string Name, double Value, bool IsCount = false, int Largest = 1);

/// <summary>The interval that contains the true score with a probability of 95 %, as far as the sample of items tells.</summary>
public readonly record struct ScoreInterval(double Low, double High);

/// <summary>Scores of one run.</summary>
/// <param name="Scores">All of them; a score that the answered items do not determine is absent.</param>
/// <param name="Interval">That of the published score; null where that score is absent.</param>
public sealed record BenchmarkScores(IReadOnlyList<BenchmarkScore> Scores, ScoreInterval? Interval);
