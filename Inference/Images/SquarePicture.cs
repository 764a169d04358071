namespace MobileVlm.Edge.Inference.Images;

/// <summary>Pads a picture to a square and resamples it to a model's input size, exactly as <see cref="ImagePreprocessor"/> does before it
/// normalises. The result, given to a preprocessor of the same size, gives the same input as the original picture, because the resampling of
/// a picture that already has the right size changes nothing. Not thread-safe.</summary>
public sealed class SquarePicture
{
    private readonly SquareResampler _resampler;
    private readonly uint[] _pixels;

    /// <param name="size">Side of the square, in pixels, above 0.</param>
    /// <param name="padding">Colour of the padding, red first, 3 bytes (<see cref="PaddingOf"/>).</param>
    public SquarePicture(int size, ReadOnlySpan<byte> padding)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (padding.Length != 3)
        {
            throw new ArgumentException($"The padding has 3 bytes, not {padding.Length}.", nameof(padding));
        }

        Size = size;
        _resampler = new SquareResampler(size, padding);
        _pixels = new uint[size * _resampler.Stride];
    }

    /// <summary>Side of the square, in pixels.</summary>
    public int Size { get; }

    /// <summary>Bytes of a square: size * size * 3.</summary>
    public static int BytesOf(int size) => size * size * 3;

    /// <summary>The colour with which a model's pictures are padded.</summary>
    /// <param name="mean">Mean of each channel, 0..1, red first.</param>
    public static byte[] PaddingOf(ReadOnlySpan<float> mean)
    {
        var padding = new byte[mean.Length];
        for (var channel = 0; channel < mean.Length; channel++)
        {
            // expand2square of the reference: int(mean * 255), truncated and not rounded.
            padding[channel] = (byte)(mean[channel] * 255f);
        }

        return padding;
    }

    /// <summary>Writes the square.</summary>
    /// <param name="image">A picture of any size.</param>
    /// <param name="square">Receives [size, size, 3], 0..255.</param>
    public void Resize(RgbImage image, Span<byte> square)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(square.Length, BytesOf(Size));
        _resampler.Resample(image, _pixels);
        for (var y = 0; y < Size; y++)
        {
            var row = _pixels.AsSpan(y * _resampler.Stride, Size);
            var target = square.Slice(y * Size * 3, Size * 3);
            for (var x = 0; x < Size; x++)
            {
                var pixel = row[x];
                target[3 * x] = (byte)pixel;
                target[(3 * x) + 1] = (byte)(pixel >> 8);
                target[(3 * x) + 2] = (byte)(pixel >> 16);
            }
        }
    }
}
