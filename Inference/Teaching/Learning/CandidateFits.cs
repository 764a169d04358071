using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>Everything that was learned from one set of samples: the threshold, and the mean of the heads.</summary>
/// <param name="samples">All samples.</param>
/// <param name="rows">Those that were learned from.</param>
/// <param name="threshold">The model's score recalibrated.</param>
/// <param name="heads">One for each feature; null without features.</param>
/// <param name="encoder">On the visual tokens, without the model's score; null where there are none.</param>
internal sealed class CandidateFits(IReadOnlyList<LabelledSample> samples, int[] rows, Fitted threshold, FittedMean? heads, FittedMean? encoder)
{
    /// <summary>The model's own score stays unless another scorer's loss is smaller by this many standard errors: one that is not better seems
    /// so in one of ten cases (one-sided).</summary>
    private const double ErrorsToPlain = 1.28;

    private const double ErrorsToThreshold = 0.5;

    /// <summary>A scorer replaces the plain one only if it answers this many more labels correctly.</summary>
    private const int AnswersToPlain = 2;

    /// <summary>Whether the recalibrated score rises with the model's own. With few labels of a question that the model does not know, the
    /// best fit may be its opposite, which chance decides; a head uses it where it is more than chance.</summary>
    private readonly bool _thresholdRises = Rises(samples, rows, threshold);

    /// <summary>The mean of the heads.</summary>
    public FittedMean? Heads => heads;

    /// <summary>The mean of the heads that need no decoder.</summary>
    public FittedMean? Encoder => encoder;

    /// <summary>Each candidate's name and share of correct answers on samples that are left out in turn.</summary>
    public IEnumerable<(string Name, double Accuracy)> Accuracies() =>
    [
        ("plain", Accuracy(LeftOut(ScorerKind.Plain))),
        ("threshold", Accuracy(LeftOut(ScorerKind.Threshold))),
        .. (heads?.All ?? []).Select(head => (head.Matrix.Feature!.Value.ToName(), Accuracy(Candidates.Transposed(head.Fit.LeftOut)))),
    ];

    /// <summary>The simplest scorer than which no other is clearly better.</summary>
    public ScorerKind Choose()
    {
        var chosen = ScorerKind.Plain;
        foreach (var kind in heads is null ? (ScorerKind[])[ScorerKind.Threshold] : [ScorerKind.Threshold, ScorerKind.Head])
        {
            if (IsBetter(kind, chosen, chosen == ScorerKind.Plain ? ErrorsToPlain : ErrorsToThreshold, chosen == ScorerKind.Plain ? AnswersToPlain : 1))
            {
                chosen = kind;
            }
        }

        return chosen;
    }

    /// <summary>Outputs of a scorer for a sample.</summary>
    public double[] Apply(ScorerKind kind, int sample) => kind switch
    {
        ScorerKind.Plain => samples[sample].Scores,
        ScorerKind.Threshold => _thresholdRises ? threshold.Apply(sample, rows, samples.Count) : samples[sample].Scores,
        _ => heads!.Apply(sample),
    };

    /// <summary>The scorer as a function of features; null for the plain one.</summary>
    public LinearHead? ToHead(ScorerKind kind)
    {
        if (kind == ScorerKind.Plain)
        {
            return null;
        }

        if (kind == ScorerKind.Threshold)
        {
            return threshold.Matrix.ToHead(threshold.Fit, 1);
        }

        return heads!.ToHead();
    }

    /// <summary>Outputs for each sample that was learned from, of a fit without it, [rows][outputs].</summary>
    private double[][] LeftOut(ScorerKind kind) => kind switch
    {
        ScorerKind.Plain => Array.ConvertAll(rows, row => samples[row].Scores),
        ScorerKind.Threshold => _thresholdRises ? Candidates.Transposed(threshold.Fit.LeftOut) : LeftOut(ScorerKind.Plain),
        _ => heads!.LeftOut(),
    };

    private bool IsBetter(ScorerKind kind, ScorerKind than, double errors, int answers)
    {
        var (one, other) = (LeftOut(kind), LeftOut(than));
        var gains = rows.Select((row, i) => Loss.Limited(other[i], samples[row].Class) - Loss.Limited(one[i], samples[row].Class)).ToArray();
        var mean = gains.Average();
        var error = Math.Sqrt(gains.Sum(gain => (gain - mean) * (gain - mean)) / Math.Max(1, gains.Length - 1) / gains.Length);
        return mean > errors * error && Correct(one) >= Correct(other) + answers;
    }

    private double Accuracy(double[][] outputs) => (double)Correct(outputs) / rows.Length;

    private int Correct(double[][] outputs) => outputs.Where((values, i) => LabelledSample.Decide(values) == samples[rows[i]].Class).Count();

    private static bool Rises(IReadOnlyList<LabelledSample> samples, int[] rows, Fitted threshold)
    {
        var covariance = 0.0;
        for (var output = 0; output < samples[0].Outputs; output++)
        {
            var mean = rows.Average(row => samples[row].Scores[output]);
            covariance += rows.Sum(row => (samples[row].Scores[output] - mean) * threshold.Apply(row, rows, samples.Count)[output]);
        }

        return covariance > 0;
    }
}
