using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Export.Calibration;

/// <summary>Opens a model folder as a service would and compares what it computes with the exact outputs.</summary>
internal static class LossMeter
{
    /// <summary>The encoder's loss, and its own visual tokens of each picture.</summary>
    public static (VisionLoss Loss, IReadOnlyList<float[]> Tokens) Vision(ModelFolder folder, ExactOutputs exact)
    {
        using var encoder = new VisionEncoder(folder, new ExecutionSettings());
        var found = new List<float[]>();
        var cosines = new List<double>();
        double error = 0, largest = 0;
        for (var i = 0; i < exact.VisualTokens.Count; i++)
        {
            using var tokens = encoder.Encode(exact.Set.Pictures[i].Image);
            var values = tokens.Values.ToArray();
            found.Add(values);
            cosines.Add(Cosine(exact.VisualTokens[i], values));
            largest = Math.Max(largest, Math.Abs(TensorPrimitives.MaxMagnitude<float>(exact.VisualTokens[i])));
            error = Math.Max(error, LargestDifference(exact.VisualTokens[i], values));
        }

        return (new VisionLoss(found.Count, cosines.Min(), cosines.Average(), error / largest), found);
    }

    /// <summary>The decoder's loss, given visual tokens of each picture.</summary>
    public static LogitLoss Decoder(LanguageDecoder decoder, ExactOutputs exact, IReadOnlyList<float[]> visualTokens)
    {
        var divergences = new List<double>();
        var agreed = 0;
        for (var i = 0; i < exact.Prompts.Count; i++)
        {
            var prompt = exact.Prompts[i];
            var picture = prompt.Picture is { } index ? visualTokens[index] : [];
            using var state = decoder.CreateState(prompt.Length(picture.Length / decoder.Embeddings.Hidden));
            state.Append(prompt.Before);
            if (picture.Length > 0)
            {
                state.Append(picture.AsMemory());
            }

            var logits = state.Append(prompt.After);
            for (var position = 0; ; position++)
            {
                var expected = exact.Logits[i].AsSpan(position * decoder.VocabularySize, decoder.VocabularySize);
                divergences.Add(Divergence(expected, logits));
                agreed += TensorPrimitives.IndexOfMax<float>(expected) == TensorPrimitives.IndexOfMax(logits) ? 1 : 0;
                if (position == prompt.Answer.Length)
                {
                    break;
                }

                logits = state.Step(prompt.Answer[position]);
            }
        }

        return new LogitLoss(divergences.Count, divergences.Average(), divergences.Max(), (double)agreed / divergences.Count);
    }

    /// <summary>Kullback-Leibler divergence sum(p * log(p / q)) of softmax distributions, in nats, in double precision.</summary>
    internal static double Divergence(ReadOnlySpan<float> exact, ReadOnlySpan<float> found)
    {
        var (p, q) = (LogNormalizer(exact), LogNormalizer(found));
        var sum = 0.0;
        for (var i = 0; i < exact.Length; i++)
        {
            var log = exact[i] - p;
            sum += Math.Exp(log) * (log - (found[i] - q));
        }

        return Math.Max(0, sum);
    }

    private static double LogNormalizer(ReadOnlySpan<float> logits)
    {
        var largest = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return largest + Math.Log(sum);
    }

    /// <summary>In double precision: single would round what is above 0.9999999.</summary>
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
