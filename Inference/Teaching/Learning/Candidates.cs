using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>Ways to score a question.</summary>
public enum ScorerKind
{
    /// <summary>The model's own score.</summary>
    Plain,

    /// <summary>The model's own score with another threshold and slope.</summary>
    Threshold,

    /// <summary>A linear head on features of the model.</summary>
    Head,
}

/// <summary>The candidates for a question with the products of all samples, from which any part of the samples can be learned.</summary>
internal sealed class Candidates
{
    /// <summary>Strengths of the penalty that are tried.</summary>
    private static readonly double[] Penalties = [0.003, 0.02, 0.1, 0.5, 2];

    /// <summary>That of the threshold, which has one or a few weights.</summary>
    private static readonly double[] ThresholdPenalty = [0.3];

    private readonly FeatureMatrix _threshold;
    private readonly FeatureMatrix[] _heads;
    private readonly FeatureMatrix[] _encoders;

    /// <param name="samples">All samples.</param>
    /// <param name="features">Features that the heads may use.</param>
    public Candidates(IReadOnlyList<LabelledSample> samples, FeatureKinds features)
    {
        Samples = samples;
        _threshold = new FeatureMatrix(samples, null, usesScores: true);
        _heads = [.. features.Each().Select(feature => new FeatureMatrix(samples, feature, usesScores: true))];
        _encoders = [.. (features & FeatureGroups.OfEncoder).Each().Select(feature => new FeatureMatrix(samples, feature, usesScores: false))];
    }

    public IReadOnlyList<LabelledSample> Samples { get; }

    /// <summary>Learns from some of the samples.</summary>
    /// <param name="rows">Their indices.</param>
    public CandidateFits Fit(int[] rows)
    {
        var classes = Array.ConvertAll(rows, row => Samples[row].Class);
        return new CandidateFits(
            Samples,
            rows,
            Best(_threshold, rows, classes, ThresholdPenalty),
            Mean(_heads, rows, classes),
            Mean(_encoders, rows, classes));
    }

    private FittedMean? Mean(FeatureMatrix[] heads, int[] rows, int[] classes) =>
        heads.Length == 0 ? null : new FittedMean([.. heads.Select(head => Best(head, rows, classes, Penalties))], rows, Samples.Count);

    /// <summary>The strength with the smallest loss on the samples that are left out in turn.</summary>
    private Fitted Best(FeatureMatrix matrix, int[] rows, int[] classes, double[] penalties)
    {
        var all = Samples.Count;
        var kernel = new double[rows.Length * rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = 0; j < rows.Length; j++)
            {
                kernel[(i * rows.Length) + j] = matrix.Kernel[(rows[i] * all) + rows[j]];
            }
        }

        return KernelLogistic.FitPath(kernel, classes, Samples[0].Outputs, penalties)
            .Select(fit => new Fitted(matrix, fit, Loss.Mean(Transposed(fit.LeftOut), classes)))
            .MinBy(fitted => fitted.Loss)!;
    }

    /// <summary>[n][outputs] of [outputs][n].</summary>
    internal static double[][] Transposed(double[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(i => Array.ConvertAll(rows, row => row[i]))];
}

/// <summary>One candidate with the strength that served best.</summary>
/// <param name="Matrix">Its inputs.</param>
/// <param name="Fit">The regression.</param>
/// <param name="Loss">Mean loss on the samples that are left out in turn.</param>
internal sealed record Fitted(FeatureMatrix Matrix, KernelFit Fit, double Loss)
{
    /// <summary>Outputs for a sample, whether it was learned from or not.</summary>
    public double[] Apply(int sample, int[] rows, int samples)
    {
        var products = Array.ConvertAll(rows, row => Matrix.Kernel[(sample * samples) + row]);
        var outputs = new double[Fit.Dual.Length];
        for (var output = 0; output < outputs.Length; output++)
        {
            KernelLogistic.Evaluate(products, Fit.Dual[output], Fit.Intercept[output], outputs.AsSpan(output, 1));
        }

        return outputs;
    }
}
