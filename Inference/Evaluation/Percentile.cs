namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>Percentiles of measured values.</summary>
internal static class Percentile
{
    /// <summary>A percentile, between the two nearest values.</summary>
    /// <param name="sorted">At least one value, ascending.</param>
    /// <param name="fraction">0 to 1.</param>
    public static double Of(ReadOnlySpan<double> sorted, double fraction)
    {
        var position = fraction * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
