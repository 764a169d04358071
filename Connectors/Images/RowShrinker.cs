namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Scales a picture down by averaging the area under each new pixel, one row at a time, so that the whole
/// picture need not be in memory. Not thread-safe.</summary>
internal sealed class RowShrinker
{
    private readonly int _width;
    private readonly int _height;
    private readonly int _newWidth;
    private readonly int _newHeight;
    private readonly float _stepX;
    private readonly float _stepY;
    private readonly float[] _sum;

    /// <param name="width">Width of the picture, in pixels.</param>
    /// <param name="height">Height of the picture, in pixels.</param>
    /// <param name="newWidth">1 to <paramref name="width"/>.</param>
    /// <param name="newHeight">1 to <paramref name="height"/>.</param>
    public RowShrinker(int width, int height, int newWidth, int newHeight)
    {
        (_width, _height, _newWidth, _newHeight) = (width, height, newWidth, newHeight);
        (_stepX, _stepY) = ((float)width / newWidth, (float)height / newHeight);
        _sum = new float[width * 3];
    }

    /// <summary>Rows of the smaller picture that are complete.</summary>
    public int Written { get; private set; }

    /// <summary>Adds a row of the picture.</summary>
    /// <param name="y">Its number; from 0 to the last in turn. A row that spans two rows of the smaller picture is
    /// added to both: again as long as the result and then <see cref="Reaches"/> are true.</param>
    /// <param name="row">Its pixels.</param>
    /// <param name="pixelBytes">Bytes from one pixel to the next: 3, or 4 of which the last is dropped.</param>
    /// <param name="target">Gets a row of the smaller picture, RGB, when it is complete.</param>
    /// <returns>Whether <paramref name="target"/> was written.</returns>
    public bool Add(int y, ReadOnlySpan<byte> row, int pixelBytes, Span<byte> target)
    {
        var (top, bottom) = (Written * _stepY, Math.Min((Written + 1) * _stepY, _height));
        var weight = (Math.Min(bottom, y + 1) - Math.Max(top, y)) / (bottom - top);
        for (int from = 0, to = 0; to < _sum.Length; from += pixelBytes, to += 3)
        {
            _sum[to] += row[from] * weight;
            _sum[to + 1] += row[from + 1] * weight;
            _sum[to + 2] += row[from + 2] * weight;
        }

        if (y + 1 < bottom)
        {
            return false;
        }

        ShrinkRow(target);
        Array.Clear(_sum);
        Written++;
        return true;
    }

    /// <summary>Whether a row is a part of the next row of the smaller picture.</summary>
    public bool Reaches(int y) => Written < _newHeight && Written * _stepY < y + 1;

    private void ShrinkRow(Span<byte> target)
    {
        for (var x = 0; x < _newWidth; x++)
        {
            var (left, right) = (x * _stepX, Math.Min((x + 1) * _stepX, _width));
            var (red, green, blue) = (0f, 0f, 0f);
            for (var column = (int)left; column < right; column++)
            {
                var weight = (Math.Min(right, column + 1) - Math.Max(left, column)) / (right - left);
                red += _sum[column * 3] * weight;
                green += _sum[(column * 3) + 1] * weight;
                blue += _sum[(column * 3) + 2] * weight;
            }

            target[x * 3] = (byte)(red + 0.5f);
            target[(x * 3) + 1] = (byte)(green + 0.5f);
            target[(x * 3) + 2] = (byte)(blue + 0.5f);
        }
    }
}
