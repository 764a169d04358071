namespace MobileVlm.Edge.Inference.Teaching.References;

/// <summary>Shortens features so that their products stay nearly the same: each column is added to one of the numbers with a random sign
/// (Charikar, Chen and Farach-Colton, 2002). Places and signs are part of the format of taught files and never change.</summary>
internal static class FeatureSketch
{
    /// <summary>Numbers of a sketch.</summary>
    public const int Width = 256;

    /// <summary>Shortens.</summary>
    /// <param name="features">Any number of columns.</param>
    /// <param name="scale">A factor for each.</param>
    public static float[] Of(ReadOnlySpan<float> features, ReadOnlySpan<float> scale)
    {
        var result = new float[Width];
        for (var column = 0; column < features.Length; column++)
        {
            var random = Random((ulong)column);
            var value = features[column] * scale[column];
            result[random % Width] += (random >> 63) == 0 ? value : -value;
        }

        return result;
    }

    /// <summary>SplitMix64.</summary>
    private static ulong Random(ulong column)
    {
        var z = (column + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
