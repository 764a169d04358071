using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Numerics;

namespace MobileVlm.Edge.Inference.Teaching.References;

/// <summary>A label and what a scorer that was learned without it makes of its picture.</summary>
/// <param name="Class">For a yes/no question 0 (no) or 1 (yes), otherwise the index of the choice.</param>
/// <param name="Output">The logit of yes, or by how much the most likely choice is ahead of the next, as logarithms.</param>
public sealed record LabelScore(int Class, double Output);

/// <summary>What the labelled pictures of a question looked like, with which pictures are compared later: an estimate from labels says nothing
/// about pictures that are unlike all of them. Immutable; thread-safe.</summary>
/// <remarks>A picture is compared by what is left of its features when the nearest mixture of the labelled ones is taken off (the squared
/// prediction error of statistical process control). Less light than ever, or more people than ever, is such a mixture; another view is none. The
/// limit comes from the same number of each label against the others.</remarks>
/// <param name="Scale">A factor for each column of <see cref="FeatureKinds.VisualTokens"/>.</param>
/// <param name="Points">The scaled features of each picture, shortened by <see cref="FeatureSketch"/>.</param>
/// <param name="Scores">Of each label, by the scorer that needs the decoder.</param>
/// <param name="EncoderScores">The same by the scorer that needs none; empty where there is none.</param>
public sealed record LabelReference(
    IReadOnlyList<float> Scale, IReadOnlyList<float[]> Points, IReadOnlyList<LabelScore> Scores, IReadOnlyList<LabelScore> EncoderScores)
{
    /// <summary>Most points: with more of them, mixtures of them would be everything that a sketch can be.</summary>
    public const int MostPoints = 64;

    /// <summary>One label in so many may have more left than the limit.</summary>
    private const int LabelsPerOutlier = 20;

    /// <summary>The limit is raised by this over the number of points: a few labels do not have all that is usual.</summary>
    private const double Slack = 16;

    /// <summary>Noise as a part of the pictures' mean square.</summary>
    private const double Noise = 0.01;

    /// <summary>The mean picture is part of every mixture: it weighs so many times the pictures' mean square.</summary>
    private const double MeanWeight = 10;

    private readonly float[] _scale = [.. Scale];
    private readonly Lazy<Compared> _compared = new(() => Compared.Of(Points));

    /// <summary>Whether a picture is unlike all labelled ones.</summary>
    /// <param name="visualTokens"><see cref="FeatureKinds.VisualTokens"/> of the picture.</param>
    public bool IsUnlike(ReadOnlySpan<float> visualTokens) => _compared.Value.IsUnlike(FeatureSketch.Of(visualTokens, _scale));

    /// <inheritdoc/>
    public bool Equals(LabelReference? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary>What is wrong with a reference that was read from a file; null for nothing.</summary>
    /// <param name="classes">Answers of the question.</param>
    /// <param name="isUsable">Whether a number can be computed with.</param>
    internal string? FindDefect(int classes, Func<double, bool> isUsable) =>
        Points.Count is < 2 or > MostPoints || Points.Any(point => point is not { Length: FeatureSketch.Width }) ? "the sizes of its reference do not match."
        : Scores.Concat(EncoderScores).Any(score => score is null || score.Class < 0 || score.Class >= classes) ? "its reference has answers that the question does not have."
        : Scale.All(it => isUsable(it)) && Points.All(point => point.All(it => isUsable(it)))
            && Scores.Concat(EncoderScores).All(score => isUsable(score.Output)) ? null
        : "a number in its reference is not finite or too large.";

    /// <summary>The points as a basis.</summary>
    /// <param name="Points">With the mean 0.</param>
    /// <param name="Mean">What was taken off.</param>
    /// <param name="Products">Factor of their products, [n, n].</param>
    /// <param name="Weight">Of the mean picture in a product.</param>
    /// <param name="Noise">Added to a product of a picture with itself.</param>
    /// <param name="Limit">A picture of which more is left is unlike them.</param>
    private sealed record Compared(float[][] Points, float[] Mean, CholeskyFactor Products, double Weight, double Noise, double Limit)
    {
        public static Compared Of(IReadOnlyList<float[]> points)
        {
            var n = points.Count;
            var mean = new float[FeatureSketch.Width];
            foreach (var point in points)
            {
                TensorPrimitives.MultiplyAdd(point, 1f / n, mean, mean);
            }

            var centred = points.Select(point => Less(point, mean)).ToArray();
            var square = centred.Average(point => (double)TensorPrimitives.SumOfSquares<float>(point));
            var (weight, noise) = (MeanWeight * square, LabelReference.Noise * square);
            var products = new double[n * n];
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    products[(i * n) + j] = TensorPrimitives.Dot<float>(centred[i], centred[j]) + weight + (i == j ? noise : 0);
                }
            }

            var factor = new CholeskyFactor(products, n);

            // What is left of each point without itself (Rasmussen and Williams, 2006, equation 5.12).
            var left = factor.InverseDiagonal().Select(diagonal => 1 / diagonal).OrderDescending().ToList();
            return new Compared(centred, mean, factor, weight, noise, left[Math.Max(1, n / LabelsPerOutlier) - 1] * (1 + (Slack / n)));
        }

        public bool IsUnlike(float[] sketch)
        {
            var picture = Less(sketch, Mean);
            var products = Array.ConvertAll(Points, point => TensorPrimitives.Dot<float>(point, picture) + Weight);
            var left = TensorPrimitives.SumOfSquares<float>(picture) + Weight + Noise - TensorPrimitives.Dot<double>(products, Products.Solve(products));
            return left > Limit;
        }

        private static float[] Less(float[] values, float[] mean)
        {
            var result = new float[values.Length];
            TensorPrimitives.Subtract(values, mean, result);
            return result;
        }
    }
}
