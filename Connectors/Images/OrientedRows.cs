using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Places the stored rows of a picture at their positions in the upright picture.</summary>
internal readonly ref struct OrientedRows
{
    private readonly Span<byte> _target;
    private readonly int _first;
    private readonly int _right;
    private readonly int _down;

    /// <param name="width">Stored width, in pixels.</param>
    /// <param name="height">Stored height, in pixels.</param>
    /// <param name="origin">Where the stored picture's first pixel belongs.</param>
    /// <param name="target">The upright picture, [height, width, 3] of <see cref="Size"/>.</param>
    public OrientedRows(int width, int height, SKEncodedOrigin origin, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, width * height * 3, nameof(target));
        _target = target;

        // Where the stored picture's first pixel is in the upright one, and the steps to its right and lower neighbours.
        var (last, bottom) = (width - 1, height - 1);
        (_first, _right, _down) = origin switch
        {
            SKEncodedOrigin.TopRight => (last, -1, width),
            SKEncodedOrigin.BottomRight => ((bottom * width) + last, -1, -width),
            SKEncodedOrigin.BottomLeft => (bottom * width, 1, -width),
            SKEncodedOrigin.LeftTop => (0, height, 1),
            SKEncodedOrigin.RightTop => (bottom, height, -1),
            SKEncodedOrigin.RightBottom => ((last * height) + bottom, -height, -1),
            SKEncodedOrigin.LeftBottom => (last * height, -height, 1),
            SKEncodedOrigin.TopLeft => (0, 1, width),
            _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "There are eight orientations."),
        };
    }

    /// <summary>The size of an upright picture whose stored size is this one, and the reverse, in pixels.</summary>
    public static (int Width, int Height) Size(int width, int height, SKEncodedOrigin origin) =>
        origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom
            ? (height, width)
            : (width, height);

    /// <summary>Puts one row in its place.</summary>
    /// <param name="y">Its number as stored, from 0.</param>
    /// <param name="row">Its pixels.</param>
    /// <param name="pixelBytes">Bytes from one pixel to the next: 3, or 4 of which the last is dropped.</param>
    public void Write(int y, ReadOnlySpan<byte> row, int pixelBytes)
    {
        var to = _first + (y * _down);
        for (var from = 0; from < row.Length; from += pixelBytes, to += _right)
        {
            row.Slice(from, 3).CopyTo(_target[(to * 3)..]);
        }
    }
}
