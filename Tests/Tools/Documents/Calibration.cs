namespace MobileVlm.Edge.Tools.Documents;

/// <summary>A scored yes/no answer and the truth.</summary>
/// <param name="Score">P(yes), 0 to 1.</param>
/// <param name="Yes">Whether Yes is right.</param>
internal readonly record struct ScoredAnswer(double Score, bool Yes);

/// <summary>The answers whose score is in one tenth.</summary>
/// <param name="From">The lower end of the tenth.</param>
/// <param name="Count">The number of answers in it.</param>
/// <param name="Yes">How many of them should be a yes.</param>
/// <param name="MeanScore">The mean of their scores; 0 if there are none.</param>
internal sealed record ReliabilityBin(double From, int Count, int Yes, double MeanScore);

/// <summary>Measures whether scores are probabilities.</summary>
internal static class Calibration
{
    public const int Bins = 10;

    public static List<ReliabilityBin> Reliability(IReadOnlyCollection<ScoredAnswer> answers) =>
        [.. Enumerable.Range(0, Bins).Select(bin =>
        {
            var inside = answers.Where(it => Math.Min(Bins - 1, (int)(it.Score * Bins)) == bin).ToList();
            return new ReliabilityBin(
                (double)bin / Bins, inside.Count, inside.Count(it => it.Yes), inside.Count == 0 ? 0 : inside.Average(it => it.Score));
        })];

    /// <summary>Expected calibration error: |mean score - share of yes|, weighted by the answers of each bin (Naeini et al., AAAI 2015).</summary>
    public static double Error(IReadOnlyCollection<ScoredAnswer> answers) => Reliability(answers).Where(bin => bin.Count > 0)
        .Sum(bin => bin.Count * Math.Abs(bin.MeanScore - ((double)bin.Yes / bin.Count))) / answers.Count;

    /// <summary>Mean squared difference between score and truth (Brier, 1950).</summary>
    public static double Brier(IReadOnlyCollection<ScoredAnswer> answers) => answers.Average(it => Math.Pow(it.Score - (it.Yes ? 1 : 0), 2));

    /// <summary>The share of correct answers if a score of at least <paramref name="threshold"/> is a yes.</summary>
    public static double Accuracy(IReadOnlyCollection<ScoredAnswer> answers, double threshold) =>
        answers.Average(it => it.Score >= threshold == it.Yes ? 1.0 : 0);

    /// <summary>The share of answers that the default thresholds (no up to 0.4, yes from 0.6) decide, and the share of correct ones among them.</summary>
    public static (double Share, double Correct) Decided(IReadOnlyCollection<ScoredAnswer> answers)
    {
        var decided = answers.Where(it => it.Score is >= 0.6 or <= 0.4).ToList();
        return ((double)decided.Count / answers.Count, Accuracy(decided, 0.5));
    }
}
