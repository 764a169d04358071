using System.Buffers;
using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Sampling;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>What a float32 model predicts at one position: its most likely tokens, and how likely all others are together.</summary>
/// <param name="Ids">The most likely tokens, most likely first.</param>
/// <param name="Logarithms">ln of their probabilities.</param>
/// <param name="YesScore">P(yes) / (P(yes) + P(no)); NaN where that is not asked.</param>
/// <param name="YesMass">P(yes) + P(no); NaN where that is not asked.</param>
internal sealed record ExactPrediction(int[] Ids, float[] Logarithms, float YesScore = float.NaN, float YesMass = float.NaN)
{
    /// <summary>Tokens that are recorded; fewer where the vocabulary is smaller.</summary>
    public const int MostTokens = 256;

    /// <param name="logits">[vocabulary].</param>
    public static ExactPrediction Of(ReadOnlySpan<float> logits)
    {
        // Rented, because there are hundreds of positions and a vocabulary is large.
        var keys = ArrayPool<float>.Shared.Rent(logits.Length);
        var ids = ArrayPool<int>.Shared.Rent(logits.Length);
        try
        {
            for (var i = 0; i < logits.Length; i++)
            {
                (keys[i], ids[i]) = (-logits[i], i);
            }

            Array.Sort(keys, ids, 0, logits.Length);
            var sum = LogSoftmax.LogSumExp(logits);
            var count = Math.Min(MostTokens, logits.Length);
            return new ExactPrediction(ids[..count], [.. keys.Take(count).Select(key => (float)(-key - sum))]);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(keys);
            ArrayPool<int>.Shared.Return(ids);
        }
    }

    /// <summary>Kullback-Leibler divergence of a model's distribution from this one, in nats, in double precision; all tokens that are
    /// not recorded count as one. It is never larger than that of all tokens, and equal to it for a vocabulary of
    /// <see cref="MostTokens"/>.</summary>
    /// <param name="logits">The model's, [vocabulary].</param>
    public double DivergenceOf(ReadOnlySpan<float> logits)
    {
        var normalizer = LogSoftmax.LogSumExp(logits);
        var (sum, exactRest, foundRest) = (0.0, 1.0, 1.0);
        for (var i = 0; i < Ids.Length; i++)
        {
            var (exact, found) = ((double)Logarithms[i], logits[Ids[i]] - normalizer);
            sum += Math.Exp(exact) * (exact - found);
            exactRest -= Math.Exp(exact);
            foundRest -= Math.Exp(found);
        }

        // Sums of rounded numbers: what little is left where all tokens are recorded means nothing.
        const double Nothing = 1e-6;
        return Math.Max(0, sum + (exactRest > Nothing && Ids.Length < logits.Length
            ? exactRest * Math.Log(exactRest / Math.Max(foundRest, Nothing * Nothing))
            : 0));
    }

    /// <summary>Whether a model's most likely token is the same.</summary>
    public bool HasSameChoice(ReadOnlySpan<float> logits) => TensorPrimitives.IndexOfMax(logits) == Ids[0];
}
