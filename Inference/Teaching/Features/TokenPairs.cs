using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Teaching.Features;

/// <summary>Means over the visual tokens of the products of two columns. A mean of the columns themselves does not tell whether two of them
/// are large in the same token, for example those of a car and those of a color.</summary>
internal static class TokenPairs
{
    /// <summary>Wider tokens are folded to this many columns, because the number of pairs grows with the square.</summary>
    private const int LargestWidth = 128;

    /// <summary>Number of pairs.</summary>
    /// <param name="hidden">Width of a token.</param>
    public static int LengthOf(int hidden)
    {
        var width = Math.Min(hidden, LargestWidth);
        return width * (width + 1) / 2;
    }

    /// <summary>The means, [<see cref="LengthOf"/>].</summary>
    /// <param name="values">[tokens, hidden].</param>
    /// <param name="hidden">Width of a token.</param>
    public static float[] Of(ReadOnlySpan<float> values, int hidden)
    {
        var width = Math.Min(hidden, LargestWidth);
        var pairs = new float[LengthOf(hidden)];
        var folded = new float[width];
        for (var at = 0; at < values.Length; at += hidden)
        {
            Fold(values.Slice(at, hidden), folded);
            for (var column = 0; column < width; column++)
            {
                var row = pairs.AsSpan(column * (column + 1) / 2, column + 1);
                TensorPrimitives.MultiplyAdd(folded.AsSpan(0, column + 1), folded[column], row, row);
            }
        }

        // A pair of different columns stands for two elements of the whole matrix.
        TensorPrimitives.Multiply(pairs, MathF.Sqrt(2) * hidden / values.Length, pairs);
        for (var column = 0; column < width; column++)
        {
            pairs[(column * (column + 3)) / 2] /= MathF.Sqrt(2);
        }

        return pairs;
    }

    /// <summary>Adds columns to fewer ones with signs that look random (a count sketch), which keeps products of rows on average.</summary>
    private static void Fold(ReadOnlySpan<float> token, float[] folded)
    {
        if (token.Length <= folded.Length)
        {
            token.CopyTo(folded);
            return;
        }

        Array.Clear(folded);
        for (var column = 0; column < token.Length; column++)
        {
            folded[column % folded.Length] += IsNegative((uint)column) ? -token[column] : token[column];
        }
    }

    /// <summary>One bit of a hash (the last steps of MurmurHash3), which must stay as it is: files depend on it.</summary>
    private static bool IsNegative(uint column)
    {
        column ^= column >> 16;
        column *= 0x85EBCA6B;
        column ^= column >> 13;
        column *= 0xC2B2AE35;
        return (column & 0x8000_0000) != 0;
    }
}
