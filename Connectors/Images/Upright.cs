using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Applies EXIF orientation while dropping the fourth channel.</summary>
internal static class Upright
{
    /// <summary>What a picture of this size is when it stands upright, in pixels.</summary>
    public static (int Width, int Height) Size(int width, int height, SKEncodedOrigin origin) =>
        origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom
            ? (height, width)
            : (width, height);

    /// <param name="source">As stored, [height, width, 4].</param>
    /// <param name="width">As stored.</param>
    /// <param name="height">As stored.</param>
    /// <param name="origin">Where the stored picture's first pixel belongs.</param>
    /// <param name="target">[newHeight, newWidth, 3] of <see cref="Size"/>.</param>
    public static void Turn(ReadOnlySpan<byte> source, int width, int height, SKEncodedOrigin origin, Span<byte> target)
    {
        // Where the upright picture's first pixel lies in the stored one, and the steps right and down from there.
        var (last, bottom) = (width - 1, (height - 1) * width);
        var (first, right, down) = origin switch
        {
            SKEncodedOrigin.TopRight => (last, -1, width),
            SKEncodedOrigin.BottomRight => (bottom + last, -1, -width),
            SKEncodedOrigin.BottomLeft => (bottom, 1, -width),
            SKEncodedOrigin.LeftTop => (0, width, 1),
            SKEncodedOrigin.RightTop => (bottom, -width, 1),
            SKEncodedOrigin.RightBottom => (bottom + last, -width, -1),
            SKEncodedOrigin.LeftBottom => (last, width, -1),
            _ => (0, 1, width),
        };
        var (newWidth, newHeight) = Size(width, height, origin);
        var to = 0;
        for (var y = 0; y < newHeight; y++)
        {
            var from = first + (y * down);
            for (var x = 0; x < newWidth; x++, from += right, to += 3)
            {
                source.Slice(from * 4, 3).CopyTo(target[to..]);
            }
        }
    }
}
