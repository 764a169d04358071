using System.Buffers;
using System.Numerics;

namespace MobileVlm.Edge.Inference.Images;

/// <summary>Converts a picture to the vision encoder's input, as the reference does: padded to a square with the mean
/// colour (so that the border has no edge) or cropped to one, Pillow's antialiased bicubic to the model's size, then
/// (value / 255 - mean) / deviation. Not thread-safe: it keeps the weights of the last picture size.</summary>
public sealed class ImagePreprocessor
{
    private readonly float[] _scale = new float[3];
    private readonly float[] _offset = new float[3];
    private readonly SquareResampler _resampler;

    /// <param name="size">Side of the model's input, in pixels: 336 in the published models.</param>
    /// <param name="mean">Mean of each channel, 0..1, red first.</param>
    /// <param name="deviation">Standard deviation of each channel, above 0.</param>
    /// <param name="fit">How a picture becomes a square.</param>
    public ImagePreprocessor(int size, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation, PictureFit fit = PictureFit.Pad)
        : this(size, mean, deviation, null, fit)
    {
    }

    /// <param name="size">As above.</param>
    /// <param name="mean">As above.</param>
    /// <param name="deviation">As above.</param>
    /// <param name="loops">For tests; null takes the fastest that this processor has.</param>
    /// <param name="fit">As above.</param>
    internal ImagePreprocessor(
        int size, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation, ResampleLoops? loops, PictureFit fit = PictureFit.Pad)
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
        }

        _resampler = new SquareResampler(size, SquarePicture.PaddingOf(mean), loops, fit);
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

        var pixels = ArrayPool<uint>.Shared.Rent(Size * _resampler.Stride);
        try
        {
            _resampler.Resample(image, pixels);
            for (var y = 0; y < Size; y++)
            {
                var row = pixels.AsSpan(y * _resampler.Stride, Size);
                for (var c = 0; c < 3; c++)
                {
                    Normalise(row, 8 * c, _scale[c], _offset[c], pixelValues.Slice((c * plane) + (y * Size), Size));
                }
            }
        }
        finally
        {
            ArrayPool<uint>.Shared.Return(pixels);
        }
    }

    /// <summary>The picture as a square of the model's size, [size, size, 3], 0..255.</summary>
    internal void ResizeToSquare(RgbImage image, Span<byte> resized)
    {
        var pixels = new uint[Size * _resampler.Stride];
        _resampler.Resample(image, pixels);
        for (var i = 0; i < Size * Size; i++)
        {
            var pixel = pixels[(i / Size * _resampler.Stride) + (i % Size)];
            resized[3 * i] = (byte)pixel;
            resized[(3 * i) + 1] = (byte)(pixel >> 8);
            resized[(3 * i) + 2] = (byte)(pixel >> 16);
        }
    }

    private static void Normalise(ReadOnlySpan<uint> pixels, int shift, float scale, float offset, Span<float> values)
    {
        var done = 0;
        var (mask, scales, offsets) = (new Vector<uint>(byte.MaxValue), new Vector<float>(scale), new Vector<float>(offset));
        for (; done + Vector<uint>.Count <= pixels.Length; done += Vector<uint>.Count)
        {
            var channel = (new Vector<uint>(pixels[done..]) >>> shift) & mask;

            // Two operations, not a fused one: the reference rounds the product.
            ((Vector.ConvertToSingle(channel.As<uint, int>()) * scales) + offsets).CopyTo(values[done..]);
        }

        for (; done < pixels.Length; done++)
        {
            values[done] = ((byte)(pixels[done] >> shift) * scale) + offset;
        }
    }
}
