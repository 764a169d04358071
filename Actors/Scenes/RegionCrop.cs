using System.Buffers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>Cuts the region out of a frame, before anything else reads the frame.</summary>
public static class RegionCrop
{
    // The mean that CLIP's preprocessing takes off (122.77, 116.75, 104.09), so that painted-over pixels are neutral.
    private static ReadOnlySpan<byte> Paint => [123, 117, 104];

    /// <summary>Encodes a frame, or the region of it. The caller disposes the tokens.</summary>
    /// <param name="encoder">One call at a time.</param>
    /// <param name="frame">Not changed.</param>
    /// <param name="region">Null for the whole frame.</param>
    public static VisualTokens Encode(IVisionEncoder encoder, Frame frame, FrameRegion? region) => Read(frame, region, encoder.Encode);

    /// <summary>Passes the pixels of a frame, or of the region of it, to a reader, which must not keep them.</summary>
    /// <param name="frame">Not changed.</param>
    /// <param name="region">Null for the whole frame.</param>
    /// <param name="read">The reader.</param>
    internal static T Read<T>(Frame frame, FrameRegion? region, Func<RgbImage, T> read)
    {
        if (region is null)
        {
            return read(new RgbImage(frame.Pixels, frame.Width, frame.Height));
        }

        var buffer = ArrayPool<byte>.Shared.Rent(frame.ByteCount);
        try
        {
            return read(Cut(frame.Pixels, frame.Width, frame.Height, region, buffer));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <param name="pixels">RGB, [height, width, 3], rows without padding; not changed.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="region">The region to keep.</param>
    /// <param name="buffer">Receives the pixels; as long as <paramref name="pixels"/> suffices.</param>
    /// <returns>A frame in <paramref name="buffer"/>, at least one pixel wide and high.</returns>
    public static RgbImage Cut(
        ReadOnlySpan<byte> pixels, int width, int height, FrameRegion region, Span<byte> buffer)
    {
        var (left, right) = Range(region.Inside?.Left ?? 0, region.Inside?.Right ?? 1, width);
        var (top, bottom) = Range(region.Inside?.Top ?? 0, region.Inside?.Bottom ?? 1, height);
        var cut = buffer[..((right - left) * (bottom - top) * 3)];
        var crossings = new List<double>();
        for (var y = top; y < bottom; y++)
        {
            var row = cut.Slice((y - top) * (right - left) * 3, (right - left) * 3);
            pixels.Slice(((y * width) + left) * 3, row.Length).CopyTo(row);
            if (region.Inside is { } inside)
            {
                Cross(inside, (y + 0.5) / height, crossings);
                PaintOutside(row, crossings, left, width);
            }

            foreach (var mask in region.Masks)
            {
                Cross(mask, (y + 0.5) / height, crossings);
                for (var i = 0; i + 1 < crossings.Count; i += 2)
                {
                    PaintOver(row, crossings[i], crossings[i + 1], left, width);
                }
            }
        }

        return new RgbImage(cut, right - left, bottom - top);
    }

    /// <summary>True where nothing of a frame of this size is left: each pixel is outside of the region or masked.</summary>
    public static bool IsEmpty(FrameRegion region, int width, int height)
    {
        // No colour that is painted has a channel of 255.
        var white = new byte[width * height * 3];
        white.AsSpan().Fill(byte.MaxValue);
        return !Cut(white, width, height, region, new byte[white.Length]).Pixels.Contains(byte.MaxValue);
    }

    private static (int From, int To) Range(double from, double to, int size)
    {
        var first = Math.Clamp((int)Math.Floor(from * size), 0, size - 1);
        return (first, Math.Clamp((int)Math.Ceiling(to * size), first + 1, size));
    }

    /// <summary>The points at which a row through pixel centres enters and leaves a shape, from left to right (even-odd rule).</summary>
    private static void Cross(RegionPolygon shape, double y, List<double> crossings)
    {
        crossings.Clear();
        for (var i = 0; i < shape.Corners.Count; i++)
        {
            var (a, b) = (shape.Corners[i], shape.Corners[(i + 1) % shape.Corners.Count]);
            if ((a.Y <= y) != (b.Y <= y))
            {
                crossings.Add(a.X + ((y - a.Y) / (b.Y - a.Y) * (b.X - a.X)));
            }
        }

        crossings.Sort();
    }

    private static void PaintOutside(Span<byte> row, List<double> crossings, int left, int width)
    {
        var from = double.NegativeInfinity;
        for (var i = 0; i + 1 < crossings.Count; i += 2)
        {
            PaintOver(row, from, crossings[i], left, width);
            from = crossings[i + 1];
        }

        PaintOver(row, from, double.PositiveInfinity, left, width);
    }

    // A pixel belongs to where its centre lies.
    private static void PaintOver(Span<byte> row, double from, double to, int left, int width)
    {
        var first = (int)Math.Clamp(Math.Ceiling((from * width) - 0.5) - left, 0, row.Length / 3);
        var end = (int)Math.Clamp(Math.Ceiling((to * width) - 0.5) - left, 0, row.Length / 3);
        for (var x = first; x < end; x++)
        {
            Paint.CopyTo(row.Slice(x * 3, 3));
        }
    }
}
