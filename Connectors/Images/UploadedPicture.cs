using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Turns a picture file from an untrusted sender into a frame; size and memory are limited.</summary>
public static class UploadedPicture
{
    /// <summary>Largest picture decoded, in pixels.</summary>
    public const int MaxPixels = 16_000_000;

    /// <summary>A larger side is scaled down to this, in pixels; models use a few hundred.</summary>
    public const int MaxSide = 2048;

    /// <summary>Limits of every picture that came over the network. A picture of 16 megapixels takes 16 MB for strips of its rows,
    /// 12 MB for the result and its own file; formats that cannot be read in strips up to 64 MB.</summary>
    public static PictureLimits Limits { get; } = new()
    {
        MaxPixels = MaxPixels,
        MaxWidth = MaxSide,
        MaxHeight = MaxSide,
        MaxDecoderBytes = 64 * 1024 * 1024,
    };

    /// <summary>Decodes a JPEG, PNG, WebP, BMP or GIF file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="pool">Lends the memory; the caller owns the frame.</param>
    /// <param name="id">Stands in for a camera's name.</param>
    /// <param name="sequence">Identifies it.</param>
    /// <param name="time">Gives the time of its arrival.</param>
    /// <exception cref="ImageFileException">It is too large, damaged, or not a picture of these formats.</exception>
    public static Frame ToFrame(
        ReadOnlySpan<byte> file, FramePool pool, CameraId id, FrameSequence sequence, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(time);
        Frame? frame = null;
        try
        {
            ImageCodec.Decode(file, "the picture", Limits, (width, height) =>
                (frame = pool.Rent(width, height, id, sequence, time.GetUtcNow(), time.GetTimestamp())).Pixels);
            return frame!;
        }
        catch
        {
            frame?.Dispose();
            throw;
        }
    }
}
