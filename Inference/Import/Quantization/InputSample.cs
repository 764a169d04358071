using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Some rows of a layer's input, for choices that depend on how large the elements of one row are beside each other.
/// Which rows are taken depends only on the order of the calls.</summary>
internal sealed class InputSample
{
    /// <summary>Largest number of rows: 1.3 MB for an input of 5120.</summary>
    private const int MaxRows = 64;

    /// <summary>Rows that are taken of one picture or prompt.</summary>
    private const int RowsPerCall = 4;

    /// <summary>The golden ratio's fraction: multiples of it are spread evenly over the positions of a prompt.</summary>
    private const double Spread = 0.618034;

    private readonly List<float[]> _rows = [];
    private float[] _largest = [];
    private float _largestMagnitude = -1;
    private int _calls;

    /// <summary>The rows that were taken, and the one with the largest element of all.</summary>
    public IReadOnlyList<float[]> Rows => _largest.Length == 0 ? _rows : [.. _rows, _largest];

    /// <param name="rows">[n, inputs], of one picture or prompt.</param>
    /// <param name="inputs">Elements of a row.</param>
    public void Add(ReadOnlySpan<float> rows, int inputs)
    {
        var count = rows.Length / inputs;
        for (var i = 0; i < RowsPerCall && _rows.Count < MaxRows && count > 0; i++)
        {
            var position = (_calls * Spread) + ((double)i / RowsPerCall);
            _rows.Add(rows.Slice((int)((position - Math.Floor(position)) * count) * inputs, inputs).ToArray());
        }

        _calls++;
        if (rows.IsEmpty)
        {
            return;
        }

        var at = TensorPrimitives.IndexOfMaxMagnitude(rows);
        if (MathF.Abs(rows[at]) > _largestMagnitude)
        {
            _largestMagnitude = MathF.Abs(rows[at]);
            _largest = rows.Slice(at / inputs * inputs, inputs).ToArray();
        }
    }
}
