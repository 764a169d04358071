using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>Describes labelled pictures, so that later ones can be compared with them.</summary>
public static class LabelReferences
{
    /// <summary>Columns that vary less than this part of the usual deviation count as if they varied as much.</summary>
    private const double LeastDeviation = 0.1;

    /// <summary>Describes labelled pictures.</summary>
    /// <param name="samples">The pictures.</param>
    /// <param name="scores">Of each, by the scorer that needs the decoder.</param>
    /// <param name="encoderScores">The same by the scorer that needs none; empty where there is none.</param>
    /// <returns>Null where the pictures do not differ or their features are not known, so that nothing can be compared with them.</returns>
    public static LabelReference? Of(
        IReadOnlyList<LabelledSample> samples, IReadOnlyList<LabelScore> scores, IReadOnlyList<LabelScore> encoderScores)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (!samples.All(sample => sample.Features.ContainsKey(FeatureKinds.VisualTokens)))
        {
            return null;
        }

        var pictures = samples.Select(sample => sample.Features[FeatureKinds.VisualTokens]).ToList();
        if (ScaleOf(pictures) is not { } scale)
        {
            return null;
        }

        // More labels are thinned evenly.
        var kept = Math.Min(pictures.Count, LabelReference.MostPoints);
        return new LabelReference(
            scale,
            [.. Enumerable.Range(0, kept).Select(i => FeatureSketch.Of(pictures[(int)((long)i * pictures.Count / kept)], scale))],
            scores,
            encoderScores);
    }

    /// <summary>One score for each sample.</summary>
    /// <param name="samples">The labels.</param>
    /// <param name="heldOut">Outputs for the samples of fits without them, which are as surprising as those for new pictures; several of one
    /// sample are averaged.</param>
    /// <param name="slope">The factor of the final scorer's outputs.</param>
    internal static IReadOnlyList<LabelScore> ScoresOf(IReadOnlyList<LabelledSample> samples, IEnumerable<(int Sample, double[] Outputs)> heldOut, double slope) =>
    [
        .. heldOut.GroupBy(held => held.Sample).OrderBy(group => group.Key).Select(group => new LabelScore(
            samples[group.Key].Class,
            group.Average(held => slope * (held.Outputs.Length == 1 ? held.Outputs[0] : TaughtScorer.Margin(held.Outputs))))),
    ];

    /// <summary>As heads are learned (<see cref="FeatureMatrix"/>): by the root of the deviation, so that neither the few large columns count
    /// alone nor those that hardly vary.</summary>
    private static float[]? ScaleOf(List<float[]> pictures)
    {
        var width = pictures[0].Length;
        var deviations = new double[width];
        for (var column = 0; column < width; column++)
        {
            var mean = pictures.Average(picture => (double)picture[column]);
            deviations[column] = Math.Sqrt(pictures.Average(picture => (picture[column] - mean) * (picture[column] - mean)));
        }

        var usual = deviations.Order().ElementAt(width / 2);
        return usual > 0 ? [.. deviations.Select(deviation => (float)(1 / Math.Sqrt(Math.Max(deviation, usual * LeastDeviation))))] : null;
    }
}
