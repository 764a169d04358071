namespace MobileVlm.Edge.Inference.Images;

/// <summary>A borrowed picture: RGB, 8 bits per channel, interleaved, rows from top to bottom without padding,
/// [height, width, 3]. Valid only as long as the memory that it refers to.</summary>
public readonly ref struct RgbImage
{
    public RgbImage(ReadOnlySpan<byte> pixels, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length != (long)width * height * 3)
        {
            throw new ArgumentException(
                $"A {width} x {height} RGB picture has {(long)width * height * 3} bytes, not {pixels.Length}.",
                nameof(pixels));
        }

        Pixels = pixels;
        Width = width;
        Height = height;
    }

    /// <summary>[height, width, 3], values 0..255.</summary>
    public ReadOnlySpan<byte> Pixels { get; }

    public int Width { get; }

    public int Height { get; }
}
