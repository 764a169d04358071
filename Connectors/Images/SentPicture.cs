using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>A picture file that somebody sent, as a frame. Whoever sent it is not trusted: size and memory are
/// bounded.</summary>
public static class SentPicture
{
    /// <summary>Largest picture decoded, in pixels.</summary>
    public const int MaxPixels = 16_000_000;

    /// <summary>A larger side is scaled down to this, in pixels; models look at a few hundred.</summary>
    public const int MaxSide = 2048;

    /// <summary>Decodes a JPEG, PNG, WebP or BMP file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="pool">Lends the memory; the caller owns the frame.</param>
    /// <param name="id">Stands in for a camera's name.</param>
    /// <param name="sequence">Tells it from others.</param>
    /// <param name="time">Says when it came.</param>
    /// <exception cref="StillPictureException">It is too large, not a picture, or damaged.</exception>
    public static Frame ToFrame(
        ReadOnlySpan<byte> file, FramePool pool, CameraId id, FrameSequence sequence, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(time);
        var picture = StillPictures.Decode(file, "the picture", MaxPixels);
        var scale = Math.Min(1, (double)MaxSide / Math.Max(picture.Width, picture.Height));
        var (width, height) = (Scaled(picture.Width), Scaled(picture.Height));
        var frame = pool.Rent(width, height, id, sequence, time.GetUtcNow(), time.GetTimestamp());
        PictureScaler.Shrink(picture.Pixels, picture.Width, picture.Height, frame.Pixels, width, height);
        return frame;

        int Scaled(int side) => Math.Max(1, (int)Math.Round(side * scale));
    }
}
