using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>A reduced frame: the mean colour of each of 32 x 32 areas, which are smaller than a patch of the vision
/// encoder (24 x 24). Immutable.</summary>
internal sealed class SceneFingerprint
{
    /// <summary>Areas along each side.</summary>
    public const int Side = 32;

    // Samples along a side of an area: enough for the noise to average out, few enough for large frames.
    private const int MaxSamples = 16;

    private readonly float[] _means = new float[Side * Side * 3];
    private readonly int _width;
    private readonly int _height;

    public SceneFingerprint(Frame frame)
    {
        (_width, _height) = (frame.Width, frame.Height);
        var pixels = frame.Pixels;
        for (var row = 0; row < Side; row++)
        {
            var (top, bottom) = Range(row, _height);
            for (var column = 0; column < Side; column++)
            {
                var (left, right) = Range(column, _width);
                Average(pixels, (left, right), (top, bottom), _means.AsSpan(((row * Side) + column) * 3, 3));
            }
        }
    }

    /// <summary>Largest difference of any colour in any area, 0..255; the maximum when the frames differ in size.</summary>
    public double DifferenceFrom(SceneFingerprint other)
    {
        if ((_width, _height) != (other._width, other._height))
        {
            return byte.MaxValue;
        }

        var largest = 0f;
        for (var i = 0; i < _means.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(_means[i] - other._means[i]));
        }

        return largest;
    }

    /// <summary>At least one pixel, so that a frame smaller than the grid is covered.</summary>
    private static (int From, int To) Range(int area, int size)
    {
        var from = area * size / Side;
        return (from, Math.Max(from + 1, (area + 1) * size / Side));
    }

    private void Average(ReadOnlySpan<byte> pixels, (int From, int To) x, (int From, int To) y, Span<float> mean)
    {
        int red = 0, green = 0, blue = 0, count = 0;
        var (stepX, stepY) = (Step(x), Step(y));
        for (var row = y.From; row < y.To; row += stepY)
        {
            for (var at = ((row * _width) + x.From) * 3; at < ((row * _width) + x.To) * 3; at += 3 * stepX)
            {
                red += pixels[at];
                green += pixels[at + 1];
                blue += pixels[at + 2];
                count++;
            }
        }

        (mean[0], mean[1], mean[2]) = ((float)red / count, (float)green / count, (float)blue / count);
    }

    private static int Step((int From, int To) range) => Math.Max(1, (range.To - range.From) / MaxSamples);
}
