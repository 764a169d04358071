using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Compares what a quantized model computes with the float32 outputs.</summary>
internal static class LossMeter
{
    /// <summary>The encoder's loss.</summary>
    /// <param name="exact">Visual tokens of some pictures.</param>
    /// <param name="found">Those of the same pictures.</param>
    public static VisionLoss Vision(IReadOnlyList<float[]> exact, IReadOnlyList<float[]> found)
    {
        var cosines = exact.Zip(found, (a, b) => Cosine(a, b)).ToList();
        var largest = exact.Max(e => Math.Abs(TensorPrimitives.MaxMagnitude<float>(e)));
        return new VisionLoss(
            found.Count, cosines.Min(), cosines.Average(), exact.Zip(found, (a, b) => LargestDifference(a, b)).Max() / largest);
    }

    /// <summary>The decoder's loss.</summary>
    /// <param name="exact">Logits of each prompt, [positions, vocabulary].</param>
    /// <param name="found">Those of the same prompts.</param>
    /// <param name="vocabulary">Logits of one position.</param>
    public static LogitLoss Logits(IReadOnlyList<float[]> exact, IReadOnlyList<float[]> found, int vocabulary)
    {
        var divergences = new List<double>();
        var agreed = 0;
        foreach (var (expected, logits) in exact.Zip(found))
        {
            for (var at = 0; at < expected.Length; at += vocabulary)
            {
                var e = expected.AsSpan(at, vocabulary);
                var f = logits.AsSpan(at, vocabulary);
                divergences.Add(Divergence(e, f));
                agreed += TensorPrimitives.IndexOfMax<float>(e) == TensorPrimitives.IndexOfMax<float>(f) ? 1 : 0;
            }
        }

        return new LogitLoss(divergences.Count, divergences.Average(), divergences.Max(), (double)agreed / divergences.Count);
    }

    /// <summary>Kullback-Leibler divergence sum(p * log(p / q)) of softmax distributions, in nats, in double precision.</summary>
    internal static double Divergence(ReadOnlySpan<float> exact, ReadOnlySpan<float> found)
    {
        var (p, q) = (LogSoftmax.LogSumExp(exact), LogSoftmax.LogSumExp(found));
        var sum = 0.0;
        for (var i = 0; i < exact.Length; i++)
        {
            var log = exact[i] - p;
            sum += Math.Exp(log) * (log - (found[i] - q));
        }

        return Math.Max(0, sum);
    }

    /// <summary>Cosine similarity in double precision, because single precision would round what is above 0.9999999.</summary>
    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double product = 0, squareA = 0, squareB = 0;
        for (var i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            squareA += (double)a[i] * a[i];
            squareB += (double)b[i] * b[i];
        }

        return product / Math.Sqrt(squareA * squareB);
    }

    private static double LargestDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)a[i] - b[i]));
        }

        return largest;
    }
}
