using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>One picture whose answer is known.</summary>
/// <param name="Name">For reports, for example its path.</param>
/// <param name="Class">For a yes/no question 0 (no) or 1 (yes), else the index of the choice.</param>
/// <param name="Scores">The model's own scores: the logit of yes, or the logarithm of each choice's probability.</param>
/// <param name="Features">Every feature of the model, of equal width in all samples.</param>
public sealed record LabelledSample(string Name, int Class, double[] Scores, IReadOnlyDictionary<FeatureKinds, float[]> Features)
{
    /// <summary>Numbers that a scorer computes: one for yes/no, else one for each choice.</summary>
    public int Outputs => Scores.Length;

    /// <summary>The class that outputs of a scorer mean.</summary>
    public static int Decide(ReadOnlySpan<double> outputs) =>
        outputs.Length == 1 ? (outputs[0] >= 0 ? 1 : 0) : System.Numerics.Tensors.TensorPrimitives.IndexOfMax(outputs);
}
