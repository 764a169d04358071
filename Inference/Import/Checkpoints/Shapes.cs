namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Shapes that come from a file and may be anything.</summary>
internal static class Shapes
{
    /// <summary>Largest number of dimensions: more than any tensor of these models has (a convolution's kernel has four).</summary>
    public const int MostDimensions = 8;

    /// <summary>"[800,64]".</summary>
    public static string Text(IEnumerable<long> shape) => $"[{string.Join(',', shape)}]";

    /// <summary>The number of bytes, or false when a dimension is negative, there are too many, or the product
    /// does not fit.</summary>
    public static bool TryByteCount(IReadOnlyList<long> shape, long elementSize, out long byteCount)
    {
        byteCount = elementSize;
        if (shape.Count > MostDimensions)
        {
            return false;
        }

        // Dimensions are tried without the zeros, so that [2^62, 2^62, 0] does not evade the check.
        foreach (var dimension in shape)
        {
            if (dimension < 0 || (dimension > 0 && byteCount > long.MaxValue / dimension))
            {
                return false;
            }

            byteCount *= Math.Max(1, dimension);
        }

        byteCount = shape.Contains(0) ? 0 : byteCount;
        return true;
    }
}
