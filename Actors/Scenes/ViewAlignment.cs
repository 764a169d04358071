namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>Searches for the usual view at another place of the frame: shifted, turned, larger or smaller. This is what a
/// camera that was pushed, turned or zoomed shows, and nothing that happens in front of a camera resembles it.</summary>
/// <remarks>A search over similarity transforms that counts matching edge points, from coarse to fine: chamfer matching with
/// edge directions (Gavrila, Multi-feature hierarchical template matching, ICPR 1998) on binary maps. Not thread-safe.</remarks>
internal sealed class ViewAlignment
{
    private const int MaxCoarsePoints = 150;
    private const int MaxFinePoints = 500;
    private const int CoarseStep = 4;
    private const int Candidates = 24;

    /// <summary>Least share of the usual view that must stay in the frame: a movement that leaves less proves nothing.</summary>
    private const double MinInside = 0.35;

    private const int CentreX = GrayImage.Width / 2;
    private const int CentreY = GrayImage.Height / 2;

    private static readonly double[] Angles = [0, -4, 4, -8, 8, -13, 13, -19, 19];
    private static readonly double[] Zooms = [1, 0.9, 1.1, 0.78, 1.25, 0.65, 1.5];

    private readonly EdgeImage _coarse = new();
    private readonly List<EdgeCell> _moved = [];
    private readonly List<EdgeCell> _original = [];

    /// <summary>The place at which the usual view was found.</summary>
    /// <param name="There">Share of the usual edges within the frame that are found at the best other place, 0..1.</param>
    /// <param name="Here">The share of the same edges that are found at their own place, 0..1.</param>
    /// <param name="Distance">How far the best place moves an edge on average, in cells.</param>
    public readonly record struct Result(double There, double Here, double Distance);

    /// <summary>Takes about 15 ms on one core of a desktop processor, so it is called for suspicious frames only.</summary>
    public Result Find(ViewReference usual, ViewFeatures frame)
    {
        _coarse.GrowFrom(frame.Grown, turns: 0);
        var coarse = Thin(usual.Edges, MaxCoarsePoints);
        var best = new List<Candidate>(Candidates + 1);
        foreach (var angle in Angles)
        {
            foreach (var zoom in Zooms)
            {
                Transform(coarse, angle, zoom);
                var isPlain = angle == 0 && zoom == 1;
                var (farX, farY) = isPlain ? (96, 64) : (48, 36);
                for (var y = -farY; y <= farY; y += CoarseStep)
                {
                    for (var x = -farX; x <= farX; x += CoarseStep)
                    {
                        Keep(best, new Candidate(Found(_moved, _coarse, x, y), angle, zoom, x, y));
                    }
                }
            }
        }

        return Refine(usual, frame, best);
    }

    private Result Refine(ViewReference usual, ViewFeatures frame, List<Candidate> candidates)
    {
        var fine = Thin(usual.Edges, MaxFinePoints);
        var best = default(Candidate);
        foreach (var candidate in candidates)
        {
            best = Better(best, Shifted(fine, frame, candidate));
        }

        // Between the angles and zooms that were tried.
        var found = best;
        foreach (var angle in (ReadOnlySpan<double>)[-2, 0, 2])
        {
            foreach (var zoom in (ReadOnlySpan<double>)[0.96, 1, 1.04])
            {
                best = Better(best, Shifted(fine, frame, found with { Angle = found.Angle + angle, Zoom = found.Zoom * zoom }));
            }
        }

        Transform(fine, best.Angle, best.Zoom);
        var (here, distance) = AtOwnPlace(frame, best.X, best.Y);
        return new Result(best.Score, here, distance);
    }

    /// <summary>The best shift near the candidate's own.</summary>
    private Candidate Shifted(List<EdgeCell> points, ViewFeatures frame, Candidate candidate)
    {
        Transform(points, candidate.Angle, candidate.Zoom);
        var best = candidate with { Score = 0 };
        for (var y = candidate.Y - CoarseStep; y <= candidate.Y + CoarseStep; y++)
        {
            for (var x = candidate.X - CoarseStep; x <= candidate.X + CoarseStep; x++)
            {
                best = Better(best, candidate with { Score = Found(_moved, frame.Grown, x, y), X = x, Y = y });
            }
        }

        return best;
    }

    private static Candidate Better(Candidate one, Candidate other) => other.Score > one.Score ? other : one;

    private (double Here, double Distance) AtOwnPlace(ViewFeatures frame, int x, int y)
    {
        int inside = 0, found = 0;
        var distance = 0.0;
        for (var i = 0; i < _moved.Count; i++)
        {
            var (column, row) = (_moved[i].X + x, _moved[i].Y + y);
            if (IsInside(column, row))
            {
                var own = _original[i];
                inside++;
                found += frame.Grown.Contains(own.Direction, own.X, own.Y) ? 1 : 0;
                distance += Math.Sqrt(((column - own.X) * (column - own.X)) + ((row - own.Y) * (row - own.Y)));
            }
        }

        return inside == 0 ? (1, 0) : ((double)found / inside, distance / inside);
    }

    private static void Keep(List<Candidate> best, Candidate candidate)
    {
        if (best.Count == Candidates && candidate.Score <= best[^1].Score)
        {
            return;
        }

        var at = best.FindIndex(other => other.Score < candidate.Score);
        best.Insert(at < 0 ? best.Count : at, candidate);
        if (best.Count > Candidates)
        {
            best.RemoveAt(Candidates);
        }
    }

    private static List<EdgeCell> Thin(IReadOnlyList<EdgeCell> edges, int most)
    {
        var thinned = new List<EdgeCell>(most);
        for (var i = 0; i < Math.Min(most, edges.Count); i++)
        {
            thinned.Add(edges[(int)((long)i * edges.Count / Math.Min(most, edges.Count))]);
        }

        return thinned;
    }

    // Places before the shift; those that leave the byte range are outside of the frame for every shift that is tried.
    private void Transform(List<EdgeCell> points, double angle, double zoom)
    {
        _moved.Clear();
        _original.Clear();
        var (sin, cos) = Math.SinCos(angle * Math.PI / 180);
        var turn = (int)Math.Round(angle / (180.0 / EdgeImage.Directions));
        foreach (var point in points)
        {
            double x = point.X - CentreX, y = point.Y - CentreY;
            var column = CentreX + (int)Math.Round(zoom * ((x * cos) - (y * sin)));
            var row = CentreY + (int)Math.Round(zoom * ((x * sin) + (y * cos)));
            if (column is >= 0 and <= byte.MaxValue && row is >= 0 and <= byte.MaxValue)
            {
                var direction = (point.Direction + turn + EdgeImage.Directions) % EdgeImage.Directions;
                _moved.Add(new EdgeCell((byte)column, (byte)row, (byte)direction));
                _original.Add(point);
            }
        }
    }

    private static double Found(List<EdgeCell> points, EdgeImage map, int x, int y)
    {
        int inside = 0, found = 0;
        foreach (var point in points)
        {
            var (column, row) = (point.X + x, point.Y + y);
            if (IsInside(column, row))
            {
                inside++;
                found += map.Contains(point.Direction, column, row) ? 1 : 0;
            }
        }

        return inside < points.Count * MinInside ? 0 : (double)found / inside;
    }

    private static bool IsInside(int x, int y) => x is >= 0 and < GrayImage.Width && y is >= 0 and < GrayImage.Height;

    private readonly record struct Candidate(double Score, double Angle, double Zoom, int X, int Y);
}
