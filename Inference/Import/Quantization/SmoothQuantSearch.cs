using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Finds channel scales for matrices whose inputs are quantized with one scale per row (SmoothQuant, Xiao et al.,
/// ICML 2023): a channel that is much larger than the others of its row is divided, and its weights are multiplied, so that it
/// does not take the resolution of the others. The factor of channel j is max|x_j|^a / max|w_j|^(1-a); the strength a is
/// searched by the error that the outputs would have.</summary>
internal static class SmoothQuantSearch
{
    /// <summary>Share of the error that scaling has to remove; less depends on the sample.</summary>
    private const double LeastGain = 0.05;

    /// <summary>Least magnitude of a channel, as a share of the mean: calibration does not see everything.</summary>
    private const float LeastShare = 0.02f;

    /// <summary>Half the range of the weights' codes.</summary>
    private const double WeightCodes = 127;

    private static readonly float[] Strengths = [0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f];

    /// <param name="weights">Rows of the matrices, [inputs] each.</param>
    /// <param name="inputs">Rows of the input, [inputs] each, one at least.</param>
    /// <param name="activationCodes">Half the range of the activations' codes.</param>
    /// <returns>[inputs], their geometric mean one; null where scaling gains too little.</returns>
    public static float[]? Find(IReadOnlyList<float[]> weights, IReadOnlyList<float[]> inputs, int activationCodes)
    {
        var (input, weight) = (Largest(inputs), Largest(weights));
        var ones = new float[input.Length];
        ones.AsSpan().Fill(1);
        var candidates = Strengths.Select(strength => Scales(input, weight, strength)).ToArray();
        var errors = candidates.AsParallel().AsOrdered().Select(scales => Error(weights, inputs, scales, activationCodes)).ToArray();
        var best = Array.IndexOf(errors, errors.Min());
        return errors[best] <= (1 - LeastGain) * Error(weights, inputs, ones, activationCodes) ? candidates[best] : null;
    }

    private static float[] Largest(IReadOnlyList<float[]> rows)
    {
        var largest = new float[rows[0].Length];
        foreach (var row in rows)
        {
            TensorPrimitives.MaxMagnitude(largest, row, largest);
        }

        TensorPrimitives.Abs(largest, largest);
        var least = LeastShare * TensorPrimitives.Sum<float>(largest) / largest.Length;
        TensorPrimitives.Max(largest, MathF.Max(least, float.Epsilon), largest);
        return largest;
    }

    private static float[] Scales(float[] input, float[] weight, float strength)
    {
        var logs = new float[input.Length];
        for (var i = 0; i < logs.Length; i++)
        {
            logs[i] = (strength * MathF.Log(input[i])) - ((1 - strength) * MathF.Log(weight[i]));
        }

        TensorPrimitives.Subtract(logs, TensorPrimitives.Sum<float>(logs) / logs.Length, logs);
        TensorPrimitives.Exp(logs, logs);
        return logs;
    }

    /// <summary>Expected squared error of the outputs: a code's error is uniform, a twelfth of the squared step; it is multiplied by
    /// the other side's squares.</summary>
    private static double Error(IReadOnlyList<float[]> weights, IReadOnlyList<float[]> inputs, float[] scales, int activationCodes)
    {
        var row = new float[scales.Length];
        var (weightSteps, weightSquares) = (0.0, 0.0);
        foreach (var weight in weights)
        {
            TensorPrimitives.Multiply(weight, scales, row);
            weightSteps += Square(TensorPrimitives.MaxMagnitude<float>(row) / WeightCodes);
            weightSquares += TensorPrimitives.SumOfSquares<float>(row);
        }

        var (inputSteps, inputSquares) = (0.0, 0.0);
        foreach (var input in inputs)
        {
            TensorPrimitives.Divide(input, scales, row);
            inputSteps += Square(TensorPrimitives.MaxMagnitude<float>(row) / activationCodes);
            inputSquares += TensorPrimitives.SumOfSquares<float>(row);
        }

        return (inputSteps * weightSquares) + (weightSteps * inputSquares);
    }

    private static double Square(double value) => value * value;
}
