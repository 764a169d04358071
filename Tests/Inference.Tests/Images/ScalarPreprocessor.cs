using System.Buffers;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Inference.Tests.Images;

/// <summary>The preprocessing in plain loops, on one thread, as release 0.1.0 had it and as the golden pictures of PyTorch and Pillow
/// confirmed it: what the vectorised one must equal in every bit, and what its benchmark is compared with.</summary>
internal sealed class ScalarPreprocessor
{
    private readonly float[] _scale = new float[3];
    private readonly float[] _offset = new float[3];
    private readonly byte[] _pad = new byte[3];
    private PillowBicubic? _weights;

    /// <param name="size">Side of the model's input, in pixels: 336 in the published models.</param>
    /// <param name="mean">Mean of each channel, 0..1, red first.</param>
    /// <param name="deviation">Standard deviation of each channel, above 0.</param>
    public ScalarPreprocessor(int size, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (mean.Length != 3 || deviation.Length != 3)
        {
            throw new ArgumentException($"Mean and deviation are 3 numbers each, not {mean.Length} and {deviation.Length}.");
        }

        Size = size;
        for (var c = 0; c < 3; c++)
        {
            _scale[c] = 1f / 255f / deviation[c];
            _offset[c] = -mean[c] / deviation[c];

            // expand2square of the reference: int(mean * 255), truncated and not rounded.
            _pad[c] = (byte)(mean[c] * 255f);
        }
    }

    /// <summary>Side of the result, in pixels.</summary>
    public int Size { get; }

    /// <summary>Writes the normalised picture, [3, size, size], float32.</summary>
    public void Preprocess(RgbImage image, Span<float> pixelValues)
    {
        var plane = Size * Size;
        if (pixelValues.Length != 3 * plane)
        {
            throw new ArgumentException($"The result has {3 * plane} values, not {pixelValues.Length}.", nameof(pixelValues));
        }

        var resized = ArrayPool<byte>.Shared.Rent(3 * plane);
        try
        {
            ResizeToSquare(image, resized.AsSpan(0, 3 * plane));
            for (var i = 0; i < plane; i++)
            {
                pixelValues[i] = (resized[3 * i] * _scale[0]) + _offset[0];
                pixelValues[plane + i] = (resized[(3 * i) + 1] * _scale[1]) + _offset[1];
                pixelValues[(2 * plane) + i] = (resized[(3 * i) + 2] * _scale[2]) + _offset[2];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(resized);
        }
    }

    /// <summary>Padded and resized picture, [size, size, 3], 0..255.</summary>
    public void ResizeToSquare(RgbImage image, Span<byte> resized)
    {
        var side = Math.Max(image.Width, image.Height);
        if (_weights is null || _weights.InputSize != side)
        {
            _weights = PillowBicubic.Create(side, Size);
        }

        var left = (side - image.Width) / 2;
        var top = (side - image.Height) / 2;

        // Pillow goes over the rows first, rounds to 8 bit, then over the columns. Rows of pure padding stay padding.
        var rows = ArrayPool<byte>.Shared.Rent(side * Size * 3);
        var line = ArrayPool<byte>.Shared.Rent(side * 3);
        try
        {
            FillWithPadding(line.AsSpan(0, side * 3));
            FillWithPadding(rows.AsSpan(0, top * Size * 3));
            var below = top + image.Height;
            FillWithPadding(rows.AsSpan(below * Size * 3, (side - below) * Size * 3));
            for (var y = 0; y < image.Height; y++)
            {
                image.Pixels.Slice(y * image.Width * 3, image.Width * 3).CopyTo(line.AsSpan(left * 3));
                ResampleRow(line, rows.AsSpan((top + y) * Size * 3, Size * 3), _weights);
            }

            ResampleColumns(rows, resized, _weights);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rows);
            ArrayPool<byte>.Shared.Return(line);
        }
    }

    private void FillWithPadding(Span<byte> pixels)
    {
        for (var i = 0; i < pixels.Length; i += 3)
        {
            _pad.CopyTo(pixels[i..]);
        }
    }

    private static void ResampleRow(ReadOnlySpan<byte> line, Span<byte> result, PillowBicubic weights)
    {
        for (var o = 0; o < weights.OutputCount; o++)
        {
            var w = weights.Weights.AsSpan(o * weights.Taps, weights.Count[o]);
            var pixels = line.Slice(weights.First[o] * 3, w.Length * 3);
            int r = Half, g = Half, b = Half;
            for (var i = 0; i < w.Length; i++)
            {
                r += pixels[3 * i] * w[i];
                g += pixels[(3 * i) + 1] * w[i];
                b += pixels[(3 * i) + 2] * w[i];
            }

            result[3 * o] = Clip(r);
            result[(3 * o) + 1] = Clip(g);
            result[(3 * o) + 2] = Clip(b);
        }
    }

    private static void ResampleColumns(ReadOnlySpan<byte> rows, Span<byte> result, PillowBicubic weights)
    {
        var width = weights.OutputCount * 3;
        var sums = ArrayPool<int>.Shared.Rent(width);
        try
        {
            for (var o = 0; o < weights.OutputCount; o++)
            {
                var sum = sums.AsSpan(0, width);
                sum.Fill(Half);
                var w = weights.Weights.AsSpan(o * weights.Taps, weights.Count[o]);
                for (var i = 0; i < w.Length; i++)
                {
                    var row = rows.Slice((weights.First[o] + i) * width, width);
                    var weight = w[i];
                    for (var x = 0; x < row.Length; x++)
                    {
                        sum[x] += row[x] * weight;
                    }
                }

                var line = result.Slice(o * width, width);
                for (var x = 0; x < line.Length; x++)
                {
                    line[x] = Clip(sum[x]);
                }
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(sums);
        }
    }

    private const int Half = 1 << (PillowBicubic.PrecisionBits - 1);

    private static byte Clip(int fixedPoint) => (byte)Math.Clamp(fixedPoint >> PillowBicubic.PrecisionBits, 0, 255);
}
