using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>The logarithmic loss of outputs.</summary>
internal static class Loss
{
    private const double Largest = 20;

    /// <summary>In comparisons, a loss is at least that of a margin of 3 and at most that of a margin of -3: one wrong label must not
    /// outweigh many.</summary>
    private const double LeastLimited = 0.0486;

    private const double LargestLimited = 3.05;

    /// <summary>-ln of the probability that the outputs give to the class, at most 20.</summary>
    /// <param name="outputs">[1] for yes/no, else one for each choice.</param>
    /// <param name="truth">The class.</param>
    public static double Of(ReadOnlySpan<double> outputs, int truth)
    {
        if (outputs.Length > 1)
        {
            return Math.Min(Largest, -Math.Log(Math.Max(ModelScores.SoftMax(outputs)[truth], 1e-12)));
        }

        var against = truth == 1 ? -outputs[0] : outputs[0];
        return Math.Min(Largest, Math.Max(against, 0) + Math.Log(1 + Math.Exp(-Math.Abs(against))));
    }

    /// <summary>The loss for comparisons of scorers: without the surest answers and the gravest errors.</summary>
    /// <param name="outputs">[1] for yes/no, else one for each choice.</param>
    /// <param name="truth">The class.</param>
    public static double Limited(ReadOnlySpan<double> outputs, int truth) => Math.Clamp(Of(outputs, truth), LeastLimited, LargestLimited);

    /// <summary>Mean over samples.</summary>
    /// <param name="outputs">[n][outputs].</param>
    /// <param name="classes">[n].</param>
    public static double Mean(double[][] outputs, int[] classes) => outputs.Zip(classes, (o, c) => Of(o, c)).Average();
}
