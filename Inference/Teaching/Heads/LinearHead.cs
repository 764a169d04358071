using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Teaching.Heads;

/// <summary>Weights of one feature.</summary>
/// <param name="Feature">One feature.</param>
/// <param name="Weights">[outputs][width].</param>
public sealed record HeadTerm(FeatureKinds Feature, IReadOnlyList<float[]> Weights);

/// <summary>A linear function of features and of the model's own scores. It has one output for a yes/no question, the logit of yes, and
/// one for each choice of a choice question.</summary>
/// <param name="Terms">One for each feature; none where only the model's scores are used.</param>
/// <param name="ScoreWeights">[outputs][scores]: weights of the model's own scores (<see cref="ModelScores"/>), empty where they are not
/// used.</param>
/// <param name="Bias">[outputs].</param>
public sealed record LinearHead(IReadOnlyList<HeadTerm> Terms, IReadOnlyList<double[]> ScoreWeights, IReadOnlyList<double> Bias)
{
    /// <summary>The features that it needs.</summary>
    public FeatureKinds Features => Terms.Aggregate(FeatureKinds.None, (all, term) => all | term.Feature);

    /// <summary>The logit of yes, or of each choice up to a constant.</summary>
    /// <param name="features">Has <see cref="Features"/>.</param>
    /// <param name="scores">Of the model, from <see cref="ModelScores"/>; empty where they are not used.</param>
    public double[] Apply(IReadOnlyDictionary<FeatureKinds, float[]> features, ReadOnlySpan<double> scores)
    {
        var outputs = Bias.ToArray();
        for (var output = 0; output < outputs.Length; output++)
        {
            foreach (var term in Terms)
            {
                outputs[output] += TensorPrimitives.Dot(term.Weights[output], features[term.Feature]);
            }

            if (ScoreWeights.Count > 0)
            {
                outputs[output] += TensorPrimitives.Dot(ScoreWeights[output], scores);
            }
        }

        return outputs;
    }

    /// <summary>The same head with larger or smaller outputs.</summary>
    internal LinearHead Scaled(double factor) => new(
        [.. Terms.Select(term => term with { Weights = [.. term.Weights.Select(row => row.Select(w => (float)(w * factor)).ToArray())] })],
        [.. ScoreWeights.Select(row => row.Select(w => w * factor).ToArray())],
        [.. Bias.Select(b => b * factor)]);
}

/// <summary>The model's own scores as numbers that a linear function can use.</summary>
public static class ModelScores
{
    /// <summary>Probabilities closer to 0 or 1 than e^-this count as this close.</summary>
    private const double Limit = 20;

    /// <summary>The logit of a probability, within -20 and 20.</summary>
    public static double Logit(double probability) =>
        Math.Clamp(Math.Log(Math.Max(probability, 1e-12)) - Math.Log(Math.Max(1 - probability, 1e-12)), -Limit, Limit);

    /// <summary>Logarithms of choices' probabilities, at least -20.</summary>
    public static double[] Logarithms(IReadOnlyList<double> probabilities) =>
        [.. probabilities.Select(p => Math.Max(Math.Log(Math.Max(p, 1e-12)), -Limit))];

    /// <summary>Probability of a logit.</summary>
    public static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    /// <summary>Probabilities of choices; their sum is 1.</summary>
    public static double[] SoftMax(ReadOnlySpan<double> logits)
    {
        var result = new double[logits.Length];
        TensorPrimitives.SoftMax(logits, result);
        return result;
    }
}
