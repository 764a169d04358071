using System.Numerics.Tensors;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>How a frame agrees with the usual view.</summary>
/// <param name="Kept">Share of the usual view's structured blocks in which at least half of the edges are found, 0..1.</param>
/// <param name="Known">Share of the frame's edges that belong to the usual view, 0..1; 1 when it has none.</param>
/// <param name="EdgeRatio">The frame's edge cells divided by those of the usual view.</param>
/// <param name="Measured">Share of the usual view's edges whose sharpness could be measured in the frame, 0..1.</param>
/// <param name="Sharpness">Sharpness there, divided by the usual one: 1 as usual, less when blurred; null where too little could
/// be measured.</param>
/// <param name="Found">Share of the usual edges that are found in the frame, 0..1.</param>
internal readonly record struct ViewMatch(
    double Kept, double Known, double EdgeRatio, double Measured, double? Sharpness, double Found);

/// <summary>The view that is usual for a camera: how often an edge was seen in each cell. Follows slow changes; an edge
/// that is seen in too small a share of the recent frames no longer belongs to the usual view. One caller at a time.</summary>
internal sealed class ViewReference
{
    /// <summary>What is seen for about this long belongs to the usual view, and what is gone for this long does not.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(90);

    /// <summary>Largest weight of one frame, so that a frame of a slow camera does not outweigh all earlier ones.</summary>
    private const double MaxWeight = 0.25;

    /// <summary>Edges seen in this share of the frames are usual ones. Below one half, because an edge between two cells or
    /// directions is found now in one and now in the other.</summary>
    private const float UsualShare = 0.35f;

    /// <summary>Blocks with fewer usual edge cells have too little structure to be found again.</summary>
    private const int MinEdgesOfBlock = 4;

    /// <summary>A view with fewer structured blocks (of 192) cannot be recognised.</summary>
    private const int MinBlocks = 8;

    private const int MaxSharpnessSamples = 400;

    /// <summary>Below this share of measurable edges their sharpness is not evaluated.</summary>
    private const double MinMeasured = 0.3;

    private static readonly TimeSpan SharpnessMemory = TimeSpan.FromDays(1);

    private readonly float[] _seen = new float[EdgeImage.Directions * GrayImage.Count];
    private readonly List<EdgeCell> _cells = [];
    private readonly EdgeImage _usual = new();
    private readonly EdgeImage _grown = new();
    private readonly int[] _cellsOfBlock = new int[GrayImage.BlockCount];
    private readonly int[] _foundInBlock = new int[GrayImage.BlockCount];
    private readonly List<float> _measured = [];
    private double? _sharpness;
    private int _frames;

    /// <summary>The usual edge cells, row by row.</summary>
    public IReadOnlyList<EdgeCell> Edges => _cells;

    /// <summary>Whether the view has enough structure to be recognised.</summary>
    public bool IsUsable { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_seen);
        _frames = 0;
        Select();
        _sharpness = null;
    }

    /// <summary>Adds a frame to the reference.</summary>
    /// <param name="frame">Its features.</param>
    /// <param name="elapsed">Since the last one that was taken in.</param>
    /// <param name="forget">False for a frame that shows fewer edges for a reason that is not in the scene: darkness, fog.
    /// What it does not show stays usual.</param>
    public void Learn(ViewFeatures frame, TimeSpan elapsed, bool forget)
    {
        _frames++;
        var weight = Math.Max(1.0 / _frames, Math.Min(MaxWeight, 1 - Math.Exp(-elapsed / Memory)));
        if (forget)
        {
            TensorPrimitives.Multiply(_seen, (float)(1 - weight), _seen);
        }

        foreach (var edge in frame.Edges)
        {
            ref var seen = ref _seen[(edge.Direction * GrayImage.Count) + (edge.Y * GrayImage.Width) + edge.X];
            seen = Math.Min(1, seen + (forget ? (float)weight : (float)weight * (1 - seen)));
        }

        Select();
        LearnSharpness(frame, elapsed);
    }

    /// <summary>Compares a frame with the usual view. Only while it <see cref="IsUsable"/>.</summary>
    public ViewMatch Compare(ViewFeatures frame)
    {
        Array.Clear(_foundInBlock);
        var found = 0;
        foreach (var cell in _cells)
        {
            if (frame.Grown.Contains(cell.Direction, cell.X, cell.Y))
            {
                _foundInBlock[GrayImage.BlockOf(cell.X, cell.Y)]++;
                found++;
            }
        }

        int structured = 0, kept = 0;
        for (var block = 0; block < GrayImage.BlockCount; block++)
        {
            if (_cellsOfBlock[block] >= MinEdgesOfBlock)
            {
                structured++;
                kept += _foundInBlock[block] * 2 >= _cellsOfBlock[block] ? 1 : 0;
            }
        }

        var known = 0;
        foreach (var edge in frame.Edges)
        {
            known += _grown.Contains(edge.Direction, edge.X, edge.Y) ? 1 : 0;
        }

        var (measured, sharpness) = SharpnessOf(frame);
        return new ViewMatch(
            (double)kept / structured,
            frame.Edges.Count == 0 ? 1 : (double)known / frame.Edges.Count,
            (double)frame.Edges.Count / _cells.Count,
            measured,
            sharpness / _sharpness,
            (double)found / _cells.Count);
    }

    /// <summary>How sharp a frame is where the usual edges are: their median, and the share of them that could be
    /// measured.</summary>
    private (double Measured, double? Sharpness) SharpnessOf(ViewFeatures frame)
    {
        _measured.Clear();
        var step = Math.Max(1, _cells.Count / MaxSharpnessSamples);
        var samples = 0;
        for (var i = 0; i < _cells.Count; i += step, samples++)
        {
            if (frame.Sharpness(_cells[i]) is { } sharpness)
            {
                _measured.Add(sharpness);
            }
        }

        if (_measured.Count < MinMeasured * samples || _measured.Count == 0)
        {
            return (samples == 0 ? 0 : (double)_measured.Count / samples, null);
        }

        _measured.Sort();
        return ((double)_measured.Count / samples, _measured[_measured.Count / 2]);
    }

    // A lens that loses its focus slowly must not become the usual view, so what was sharp stays usual for a day.
    private void LearnSharpness(ViewFeatures frame, TimeSpan elapsed)
    {
        if (SharpnessOf(frame).Sharpness is not { } now)
        {
            return;
        }

        var memory = now > _sharpness ? Memory : SharpnessMemory;
        _sharpness = _sharpness is not { } usual ? now
            : usual + ((now - usual) * Math.Min(MaxWeight, 1 - Math.Exp(-elapsed / memory)));
    }

    private void Select()
    {
        _cells.Clear();
        _usual.Clear();
        Array.Clear(_cellsOfBlock);
        for (byte direction = 0; direction < EdgeImage.Directions; direction++)
        {
            var seen = _seen.AsSpan(direction * GrayImage.Count, GrayImage.Count);
            for (var at = 0; at < seen.Length; at++)
            {
                if (seen[at] > UsualShare)
                {
                    var (y, x) = Math.DivRem(at, GrayImage.Width);
                    _cells.Add(new EdgeCell((byte)x, (byte)y, direction));
                    _usual.Add(direction, x, y);
                    _cellsOfBlock[GrayImage.BlockOf(x, y)]++;
                }
            }
        }

        _grown.GrowFrom(_usual);
        IsUsable = _cellsOfBlock.Count(cells => cells >= MinEdgesOfBlock) >= MinBlocks;
    }
}
