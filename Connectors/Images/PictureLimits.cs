namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Limits for the size of a picture, its size after decoding, and the memory for decoding.</summary>
public sealed record PictureLimits
{
    /// <summary>The largest side that any picture file may have, in pixels.</summary>
    public const int MaxStoredSide = 65_535;

    /// <summary>Limits for files that the operator chose: 50 megapixels, decoded to sides of at most 4096 pixels. The largest
    /// picture that a model uses has sides of a few hundred, and photographs of 12 megapixels stay as they are.</summary>
    public static PictureLimits Local { get; } = new()
    {
        MaxPixels = 50_000_000,
        MaxWidth = 4096,
        MaxHeight = 4096,
        MaxDecoderBytes = 512 * 1024 * 1024,
    };

    /// <summary>Limits for pictures that must reach a model as they are stored, as the published evaluation scripts read them: not
    /// scaled, not turned, up to 100 megapixels.</summary>
    public static PictureLimits AsStored { get; } = new()
    {
        MaxPixels = 100_000_000,
        MaxWidth = MaxStoredSide,
        MaxHeight = MaxStoredSide,
        MaxDecoderBytes = 512 * 1024 * 1024,
        AppliesOrientation = false,
    };

    /// <summary>A picture with more pixels is refused before it is decoded; a file of a few bytes can claim any size.</summary>
    public required int MaxPixels { get; init; }

    /// <summary>A wider picture is scaled down to this, in pixels, upright.</summary>
    public required int MaxWidth { get; init; }

    /// <summary>A higher picture is scaled down to this, in pixels, upright.</summary>
    public required int MaxHeight { get; init; }

    /// <summary>Memory that decoding may take besides the file and the decoded pixels. A picture that needs more, which
    /// depends on its format, is refused before it is decoded.</summary>
    public required int MaxDecoderBytes { get; init; }

    /// <summary>Whether the orientation that a file states (EXIF) is applied.</summary>
    public bool AppliesOrientation { get; init; } = true;

    /// <summary>Rows are decoded in strips of at most this many bytes.</summary>
    internal int StripBytes => Math.Min(MaxDecoderBytes / 4, 64 * 1024 * 1024);

    /// <summary>The size with the same proportions that is within the limits.</summary>
    internal (int Width, int Height) Fit(int width, int height)
    {
        var scale = Math.Min(1, Math.Min((double)MaxWidth / width, (double)MaxHeight / height));
        return (Scaled(width), Scaled(height));

        int Scaled(int side) => Math.Max(1, (int)Math.Round(side * scale));
    }
}
