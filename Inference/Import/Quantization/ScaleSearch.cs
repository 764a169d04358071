using System.Numerics;
using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Rules for finding the scale of a block.</summary>
internal enum ScaleRule
{
    /// <summary>Takes the scale from the element of largest magnitude, which is kept exactly.</summary>
    LargestMagnitude,

    /// <summary>Takes the scale with the least sum of squared errors, each weighted by its importance.</summary>
    LeastError,
}

/// <summary>The codes of a block: code = round(value * QuantizeFactor) + ZeroPoint, value = (code - ZeroPoint) * Scale. Once Scale is
/// fitted to the codes, QuantizeFactor is no longer 1 / Scale.</summary>
internal readonly record struct QuantizationParameters(float QuantizeFactor, float Scale, int ZeroPoint);

/// <summary>Finds the scales with the least error. For each of several clipping factors the codes c are computed first; the scale
/// that then fits best is sum(w v c) / sum(w c^2), and the squared error that remains is
/// sum(w v^2) - sum(w v c)^2 / sum(w c^2). This is the search of llama.cpp's <c>make_qx_quants</c>, with more clipping.
/// The scale's sign is free, so the element of largest magnitude maps to the most negative code and all codes are
/// used.</summary>
internal static class ScaleSearch
{
    /// <summary>How many codes beyond the last one the largest element is: below 0 some codes stay unused,
    /// above 0 it is clipped. In a Gaussian block of 128 the optimum is near 2.</summary>
    private static readonly float[] Clips = [0, -0.8f, -0.6f, -0.4f, -0.2f, 0.2f, 0.4f, 0.6f, 0.8f, 1f, 1.3f, 1.6f, 2f, 2.5f, 3f];

    /// <summary>Shares of the range between the smallest and the largest element that codes with a zero point cover.</summary>
    private static readonly float[] Shares = [1, 0.95f, 0.9f, 0.85f, 0.8f, 0.75f, 0.7f];

    /// <param name="values">The block.</param>
    /// <param name="importance">As long as the block, not negative.</param>
    /// <param name="bits">Codes are 0 to 2^bits - 1.</param>
    /// <param name="zeroPoints">Whether zero may have another code than the middle one.</param>
    /// <param name="rule">How the scale is found.</param>
    public static QuantizationParameters Find(
        ReadOnlySpan<float> values, ReadOnlySpan<float> importance, int bits, bool zeroPoints, ScaleRule rule)
    {
        var middle = 1 << (bits - 1);
        var extreme = values[TensorPrimitives.IndexOfMaxMagnitude(values)];
        var plain = FromExtreme(extreme, middle);
        if (rule == ScaleRule.LargestMagnitude || plain.QuantizeFactor == 0)
        {
            return zeroPoints && rule == ScaleRule.LargestMagnitude ? FromRange(values, bits, 1) : plain;
        }

        var best = plain;
        var gain = double.NegativeInfinity;
        foreach (var clip in Clips)
        {
            Consider(values, importance, -(middle + clip) / extreme, middle, -middle, middle - 1, ref best, ref gain);
        }

        if (zeroPoints)
        {
            foreach (var share in Shares)
            {
                var parameters = FromRange(values, bits, share);
                Consider(
                    values, importance, parameters.QuantizeFactor, parameters.ZeroPoint, -parameters.ZeroPoint, (1 << bits) - 1 - parameters.ZeroPoint, ref best, ref gain);
            }
        }

        return best;
    }

    /// <summary>Same as <see cref="Find"/>, by least error, for codes from -largest to largest.</summary>
    public static QuantizationParameters FindSymmetric(ReadOnlySpan<float> values, ReadOnlySpan<float> importance, int largest)
    {
        var extreme = values[TensorPrimitives.IndexOfMaxMagnitude(values)];
        var plain = FromExtreme(extreme, -largest) with { ZeroPoint = 0 };
        if (plain.QuantizeFactor == 0)
        {
            return plain;
        }

        var best = plain;
        var gain = double.NegativeInfinity;
        foreach (var share in Shares)
        {
            Consider(values, importance, plain.QuantizeFactor / share, 0, -largest, largest, ref best, ref gain);
        }

        return best;
    }

    private static QuantizationParameters FromExtreme(float extreme, int middle)
    {
        var scale = extreme / -middle;

        // The inverse is infinite for a block of values close to zero, which becomes zeros.
        return new QuantizationParameters(float.IsFinite(1 / scale) ? 1 / scale : 0, scale, middle);
    }

    /// <summary>Zero is always within the range, so that it has a code.</summary>
    private static QuantizationParameters FromRange(ReadOnlySpan<float> values, int bits, float share)
    {
        var largest = (1 << bits) - 1;
        var (low, high) = (Math.Min(0, TensorPrimitives.Min(values)), Math.Max(0, TensorPrimitives.Max(values)));
        var whole = (high - low) / largest;
        var zero = float.IsFinite(1 / whole) ? (int)MathF.Round(-low / whole) : 0;
        var scale = whole * share;
        return new QuantizationParameters(float.IsFinite(1 / scale) ? 1 / scale : 0, scale, zero);
    }

    private static void Consider(
        ReadOnlySpan<float> values,
        ReadOnlySpan<float> importance,
        float quantizeFactor,
        int zero,
        int lowest,
        int highest,
        ref QuantizationParameters best,
        ref double gain)
    {
        var (product, square) = Fit(values, importance, quantizeFactor, lowest, highest);
        var scale = product / square;
        var found = (double)product * product / square;

        // Sums close to zero or beyond single precision are meaningless: what was found before stays.
        if (found > gain && float.IsNormal(scale) && float.IsFinite(square))
        {
            (best, gain) = (new QuantizationParameters(quantizeFactor, scale, zero), found);
        }
    }

    /// <summary>sum(w v c) and sum(w c^2) for c = clamp(round(v * quantizeFactor), lowest, highest).</summary>
    private static (float Product, float Square) Fit(
        ReadOnlySpan<float> values, ReadOnlySpan<float> importance, float quantizeFactor, int lowest, int highest)
    {
        var (product, square) = (Vector<float>.Zero, Vector<float>.Zero);
        var (factor, low, high) = (new Vector<float>(quantizeFactor), new Vector<float>(lowest), new Vector<float>(highest));
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = new Vector<float>(values[i..]);
            var code = Vector.Min(Vector.Max(Vector.Round(v * factor), low), high);
            var weighted = code * new Vector<float>(importance[i..]);
            product += weighted * v;
            square += weighted * code;
        }

        var (p, s) = (Vector.Sum(product), Vector.Sum(square));
        for (; i < values.Length; i++)
        {
            var code = Math.Clamp(MathF.Round(values[i] * quantizeFactor), lowest, highest);
            p += importance[i] * code * values[i];
            s += importance[i] * code * code;
        }

        return (p, s);
    }
}
