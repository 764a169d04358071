using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>Comparisons of vectors, with what differs in the message.</summary>
internal static class Compare
{
    /// <summary>The tolerance is a share of the largest expected magnitude.</summary>
    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0, error = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            error = Math.Max(error, Math.Abs(expected[i] - actual[i]));
        }

        Assert.True(error <= tolerance * largest, $"Largest error {error:g3} is {error / largest:g3} of the largest magnitude {largest:g3}.");
    }

    public static void SameDirection(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double cosine)
    {
        var found = TensorPrimitives.CosineSimilarity(expected, actual);
        Assert.True(found >= cosine, $"Cosine {found:f4} is below {cosine}.");
    }
}
