using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Teaching.Features;

/// <summary>Statistics over rows of equal width.</summary>
internal static class RowStatistics
{
    /// <summary>A row by its number, [width].</summary>
    public delegate ReadOnlySpan<float> RowReader(int row);

    /// <summary>Mean of some rows, [width].</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many, at least one.</param>
    /// <param name="read">Reads one row.</param>
    public static float[] Mean(int first, int count, RowReader read)
    {
        var mean = read(first).ToArray();
        for (var row = first + 1; row < first + count; row++)
        {
            TensorPrimitives.Add(mean, read(row), mean);
        }

        TensorPrimitives.Multiply(mean, 1f / count, mean);
        return mean;
    }

    /// <summary>Mean, maximum and standard deviation of each column, [3 * width].</summary>
    /// <param name="values">[rows, width].</param>
    /// <param name="width">Columns.</param>
    public static float[] MeanMaximumDeviation(ReadOnlySpan<float> values, int width)
    {
        var rows = values.Length / width;
        var result = new float[3 * width];
        var mean = result.AsSpan(0, width);
        var maximum = result.AsSpan(width, width);
        var squares = result.AsSpan(2 * width);
        values[..width].CopyTo(maximum);
        for (var row = 0; row < rows; row++)
        {
            var at = values.Slice(row * width, width);
            TensorPrimitives.Add(mean, at, mean);
            TensorPrimitives.Max(maximum, at, maximum);
        }

        TensorPrimitives.Multiply(mean, 1f / rows, mean);
        var difference = new float[width];
        for (var row = 0; row < rows; row++)
        {
            // Two passes, because the difference of two large sums would lose the deviation of a column with a large mean.
            TensorPrimitives.Subtract(values.Slice(row * width, width), mean, difference);
            TensorPrimitives.MultiplyAdd(difference, difference, squares, squares);
        }

        TensorPrimitives.Multiply(squares, 1f / rows, squares);
        TensorPrimitives.Sqrt(squares, squares);
        return result;
    }
}
