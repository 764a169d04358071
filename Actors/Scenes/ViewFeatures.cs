namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>One edge cell.</summary>
/// <param name="X">Column, in cells.</param>
/// <param name="Y">Row, in cells.</param>
/// <param name="Direction">0..7, see <see cref="EdgeImage"/>.</param>
internal readonly record struct EdgeCell(byte X, byte Y, byte Direction);

/// <summary>The features of a frame that are compared: its edges and its brightness. Written again for each frame. One caller at a
/// time.</summary>
/// <remarks>Edge directions are used because they hardly depend on exposure, colour and contrast: the idea of
/// histograms of oriented gradients (Dalal and Triggs, CVPR 2005), here cell by cell.</remarks>
internal sealed class ViewFeatures
{
    /// <summary>A weaker edge, in levels for each cell, is noise: a step of six levels.</summary>
    private const float MinMagnitude = 3;

    // The magnitude of pure noise has a Rayleigh distribution; 2.5 times its median leaves out 98.7 % of it.
    private const float NoiseFactor = 2.5f;

    private readonly float[] _magnitudes = new float[GrayImage.Count];
    private readonly byte[] _directions = new byte[GrayImage.Count];
    private readonly int[] _histogram = new int[1024];
    private readonly List<EdgeCell> _cells = new(GrayImage.Count / 4);
    private readonly EdgeImage _edges = new();

    /// <summary>The luminance that was read last.</summary>
    public GrayImage Image { get; private set; } = new();

    /// <summary>Every edge cell, row by row.</summary>
    public IReadOnlyList<EdgeCell> Edges => _cells;

    /// <summary>The edge cells grown by one cell and one direction, to find edges that were moved a little.</summary>
    public EdgeImage Grown { get; } = new();

    /// <param name="image">Kept until the next call.</param>
    public void Read(GrayImage image)
    {
        Image = image;
        Measure();
        Select(Threshold());
        Grown.GrowFrom(_edges);
    }

    /// <summary>How sharp the edge through a cell is: its slope divided by the height of the step around it. About 0.3 for
    /// a sharp edge of any contrast; a blurred edge has the same height over a longer way. This is the edge width of
    /// Marziliano, Dufaux, Winkler and Ebrahimi (A no-reference perceptual blur metric, ICIP 2002), turned over.</summary>
    /// <returns>Null where the step is too low to be measured.</returns>
    public float? Sharpness(EdgeCell edge)
    {
        const int Reach = 6;
        const int MinStep = 10;
        byte low = byte.MaxValue, high = 0;
        var steepest = 0f;
        for (var y = Math.Max(0, edge.Y - Reach); y <= Math.Min(GrayImage.Height - 1, edge.Y + Reach); y++)
        {
            for (var x = Math.Max(0, edge.X - Reach); x <= Math.Min(GrayImage.Width - 1, edge.X + Reach); x++)
            {
                var at = (y * GrayImage.Width) + x;
                low = Math.Min(low, Image.Cells[at]);
                high = Math.Max(high, Image.Cells[at]);
                steepest = Math.Max(steepest, _magnitudes[at]);
            }
        }

        return high - low >= MinStep ? steepest / (high - low) : null;
    }

    // Sobel's operator, scaled to levels for each cell.
    private void Measure()
    {
        var cells = Image.Cells;
        Array.Clear(_histogram);
        Array.Clear(_magnitudes);
        for (var y = 1; y < GrayImage.Height - 1; y++)
        {
            for (var x = 1; x < GrayImage.Width - 1; x++)
            {
                var at = (y * GrayImage.Width) + x;
                var (above, below) = (at - GrayImage.Width, at + GrayImage.Width);
                var dx = cells[above + 1] + (2 * cells[at + 1]) + cells[below + 1]
                    - cells[above - 1] - (2 * cells[at - 1]) - cells[below - 1];
                var dy = cells[below - 1] + (2 * cells[below]) + cells[below + 1]
                    - cells[above - 1] - (2 * cells[above]) - cells[above + 1];
                var magnitude = MathF.Sqrt((dx * dx) + (dy * dy)) / 8;
                _magnitudes[at] = magnitude;
                _histogram[Math.Min(_histogram.Length - 1, (int)(magnitude * 4))]++;
                _directions[at] = Direction(dx, dy);
            }
        }
    }

    /// <summary>An angle and its opposite are one direction.</summary>
    private static byte Direction(int dx, int dy)
    {
        var turn = MathF.Atan2(dy, dx) / MathF.PI;
        return (byte)((int)MathF.Floor((turn + 1) * EdgeImage.Directions + 0.5f) % EdgeImage.Directions);
    }

    private float Threshold()
    {
        var median = Percentile(0.5);
        // A frame full of structure keeps its strongest twentieth at least.
        return Math.Max(MinMagnitude, Math.Min(NoiseFactor * median, Percentile(0.95)));
    }

    private float Percentile(double share)
    {
        var left = share * (GrayImage.Width - 2) * (GrayImage.Height - 2);
        for (var i = 0; i < _histogram.Length; i++)
        {
            left -= _histogram[i];
            if (left <= 0)
            {
                return (i + 1) / 4f;
            }
        }

        return _histogram.Length / 4f;
    }

    private void Select(float threshold)
    {
        _cells.Clear();
        _edges.Clear();
        for (var y = 1; y < GrayImage.Height - 1; y++)
        {
            for (var x = 1; x < GrayImage.Width - 1; x++)
            {
                var at = (y * GrayImage.Width) + x;
                if (_magnitudes[at] >= threshold)
                {
                    _cells.Add(new EdgeCell((byte)x, (byte)y, _directions[at]));
                    _edges.Add(_directions[at], x, y);
                }
            }
        }
    }
}
