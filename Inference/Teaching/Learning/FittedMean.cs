using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>A mean of heads, in which each counts the more the smaller its loss is. It serves better than the best head alone, whose choice
/// depends on chance with few labels.</summary>
/// <param name="heads">One for each feature.</param>
/// <param name="rows">The samples that were learned from.</param>
/// <param name="samples">How many there are in all.</param>
internal sealed class FittedMean(Fitted[] heads, int[] rows, int samples)
{
    /// <summary>How much a difference in loss, in units of one sample, counts.</summary>
    private const double Sharpness = 0.5;

    /// <summary>Heads with less weight than this are left out.</summary>
    private const double LeastShare = 0.02;

    private readonly double[] _shares = Shares([.. heads.Select(head => head.Loss)], rows.Length);

    /// <summary>All heads, also those that do not count.</summary>
    public IReadOnlyList<Fitted> All => heads;

    /// <summary>The heads and how much each counts.</summary>
    public IReadOnlyList<(Fitted Head, double Share)> Heads => [.. heads.Zip(_shares).Where(it => it.Second > 0)];

    /// <summary>Outputs for a sample.</summary>
    public double[] Apply(int sample) => Mean(head => head.Apply(sample, rows, samples));

    /// <summary>Outputs for each sample that was learned from, of a fit without it, [rows][outputs].</summary>
    public double[][] LeftOut() =>
        [.. Enumerable.Range(0, rows.Length).Select(i => Mean(head => Array.ConvertAll(head.Fit.LeftOut, output => output[i])))];

    /// <summary>The mean as a function of features.</summary>
    public LinearHead ToHead()
    {
        var parts = Heads.Select(it => it.Head.Matrix.ToHead(it.Head.Fit, it.Share)).ToList();
        return new LinearHead(
            [.. parts.SelectMany(part => part.Terms)],
            [.. Enumerable.Range(0, parts[0].ScoreWeights.Count).Select(o => Sum(parts.Select(part => part.ScoreWeights[o])))],
            Sum(parts.Select(part => part.Bias)));
    }

    private double[] Mean(Func<Fitted, double[]> outputs) =>
        Sum(Heads.Select(it => (IReadOnlyList<double>)Array.ConvertAll(outputs(it.Head), value => value * it.Share)));

    private static double[] Sum(IEnumerable<IReadOnlyList<double>> rows) =>
        rows.Aggregate((double[]?)null, (sum, row) => [.. row.Select((value, i) => value + (sum?[i] ?? 0))])!;

    private static double[] Shares(double[] losses, int samples)
    {
        var least = losses.Min();
        var weights = Array.ConvertAll(losses, loss => Math.Exp(-Sharpness * samples * (loss - least)));
        var limit = LeastShare * weights.Sum();
        weights = Array.ConvertAll(weights, weight => weight < limit ? 0 : weight);
        return Array.ConvertAll(weights, weight => weight / weights.Sum());
    }
}
