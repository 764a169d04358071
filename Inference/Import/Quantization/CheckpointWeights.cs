using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>A checkpoint read tensor by tensor for the graph writers, with progress in source bytes. What is asked for is
/// found and counted at once and read later, so that a missing tensor is found before hours of reading and progress
/// ends at its total. Never holds more than the one tensor whose layout is being changed.</summary>
internal sealed class CheckpointWeights : IWeightSource
{
    /// <summary>Elements read at a time: 8 MiB as float32.</summary>
    private const int ChunkElements = 2 * 1024 * 1024;

    private readonly Checkpoint _checkpoint;
    private readonly ReadProgress _progress;
    private readonly AwqScales? _scales;
    private readonly CancellationToken _cancel;

    public CheckpointWeights(Checkpoint checkpoint, IProgress<ImportProgress>? progress, CancellationToken cancel)
        : this(checkpoint, new ReadProgress(progress), scales: null, cancel)
    {
    }

    private CheckpointWeights(Checkpoint checkpoint, ReadProgress progress, AwqScales? scales, CancellationToken cancel) =>
        (_checkpoint, _progress, _scales, _cancel) = (checkpoint, progress, scales, cancel);

    /// <summary>The same with channels scaled, in all readings but raw ones.</summary>
    public CheckpointWeights Scaled(AwqScales scales) => new(_checkpoint, _progress, scales, _cancel);

    /// <inheritdoc/>
    public Action<Stream> Untransposed(string name, params ReadOnlySpan<long> shape)
    {
        var tensor = AddToTotal(_checkpoint.Get(name, shape));
        return stream => ReadRows(tensor, tensor.Count, 1, (_, values) => stream.Write(MemoryMarshal.AsBytes(values)));
    }

    /// <inheritdoc/>
    public Action<Stream> Transposed(IReadOnlyList<LinearWeight> weights) =>
        Transposed(weights, (stream, matrix) => stream.Write(MemoryMarshal.AsBytes(matrix)));

    /// <inheritdoc/>
    public Action<Stream> TransposedFloat16(IReadOnlyList<LinearWeight> weights) => Transposed(weights, (stream, matrix) =>
    {
        if (TensorPrimitives.MaxMagnitude(matrix) is var largest && MathF.Abs(largest) > (float)Half.MaxValue)
        {
            throw new CheckpointException(
                _checkpoint.Folder,
                $"tensor '{weights[0].Name}' holds {largest}, which float16 cannot. Import it with another precision.");
        }

        var halves = new Half[Math.Min(matrix.Length, ChunkElements)];
        for (var done = 0; done < matrix.Length; done += halves.Length)
        {
            var piece = matrix.Slice(done, Math.Min(halves.Length, matrix.Length - done));
            TensorPrimitives.ConvertToHalf(piece, halves);
            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, piece.Length)));
        }
    });

    private Action<Stream> Transposed(IReadOnlyList<LinearWeight> weights, MatrixWriter write)
    {
        var tensors = Find(weights);
        var inputs = weights[0].Inputs;
        var outputs = weights.Sum(w => w.Outputs);
        return stream =>
        {
            var whole = ArrayPool<float>.Shared.Rent(checked(inputs * outputs));
            try
            {
                var column = 0;
                foreach (var tensor in tensors)
                {
                    var at = column;
                    ReadRows(tensor, tensor.Shape[0], inputs, (row, values) =>
                        Scatter(values, inputs, whole, outputs, at + (int)row));
                    column += (int)tensor.Shape[0];
                }

                write(stream, whole.AsSpan(0, inputs * outputs));
            }
            finally
            {
                ArrayPool<float>.Shared.Return(whole);
            }
        };
    }

    /// <inheritdoc/>
    public Action<Action<int, ReadOnlyMemory<float>>> Rows(IReadOnlyList<LinearWeight> weights)
    {
        var tensors = Find(weights);
        return take =>
        {
            var first = 0;
            foreach (var tensor in tensors)
            {
                var at = first;
                ReadRowBlocks(tensor, tensor.Shape[0], (int)tensor.Shape[1], (row, values) => take(at + (int)row, values));
                first += (int)tensor.Shape[0];
            }
        };
    }

    /// <inheritdoc/>
    public StoredGroups? GroupsOf(LinearWeight weight) =>
        _scales is null ? _checkpoint.Get(weight.Name, weight.Outputs, weight.Inputs).Encoding?.Groups : null;

    /// <inheritdoc/>
    public Action<GroupRowTaker> GroupRows(IReadOnlyList<LinearWeight> weights)
    {
        var tensors = Find(weights);
        return take =>
        {
            var first = 0;
            foreach (var tensor in tensors)
            {
                ReadGroupRows(tensor, first, take);
                first += (int)tensor.Shape[0];
            }
        };
    }

    /// <summary>The tensor's stored bytes, unchanged; its values as float32 where it is not stored as floats.</summary>
    public Action<Stream> Raw(CheckpointTensor tensor)
    {
        if (tensor.Encoding is not null)
        {
            AddToTotal(tensor);
            return stream => ReadRows(tensor, tensor.Shape[0], (int)tensor.Shape[1], (_, values) => stream.Write(MemoryMarshal.AsBytes(values)));
        }

        AddToTotal(tensor);
        return stream =>
        {
            var buffer = ArrayPool<byte>.Shared.Rent(ChunkElements);
            try
            {
                for (var done = 0L; done < tensor.ByteCount;)
                {
                    _cancel.ThrowIfCancellationRequested();
                    var n = (int)Math.Min(buffer.Length, tensor.ByteCount - done);
                    _checkpoint.ReadRaw(tensor, buffer.AsSpan(0, n), done);
                    stream.Write(buffer, 0, n);
                    done += n;
                    _progress.Report(tensor.Name, n);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        };
    }

    private List<CheckpointTensor> Find(IReadOnlyList<LinearWeight> weights) =>
        [.. weights.Select(w => AddToTotal(_checkpoint.Get(w.Name, w.Outputs, w.Inputs)))];

    private CheckpointTensor AddToTotal(CheckpointTensor tensor)
    {
        _progress.Total += tensor.ByteCount;
        return tensor;
    }

    private void ReadGroupRows(CheckpointTensor tensor, int firstRow, GroupRowTaker take)
    {
        var (rows, width) = ((int)tensor.Shape[0], (int)tensor.Shape[1]);
        var groups = width / tensor.Encoding!.Groups!.GroupSize;
        var rowsAtOnce = Math.Min(rows, Math.Max(1, ChunkElements / width));
        var (codes, scales, offsets) = (new sbyte[rowsAtOnce * width], new float[rowsAtOnce * groups], new float[rowsAtOnce * groups]);
        for (var row = 0; row < rows;)
        {
            _cancel.ThrowIfCancellationRequested();
            var n = Math.Min(rowsAtOnce, rows - row);
            _checkpoint.ReadGroups(tensor, row, codes.AsSpan(0, n * width), scales.AsSpan(0, n * groups), offsets.AsSpan(0, n * groups));
            RequireFinite(tensor, scales.AsSpan(0, n * groups));
            RequireFinite(tensor, offsets.AsSpan(0, n * groups));
            take(firstRow + row, codes.AsMemory(0, n * width), scales.AsMemory(0, n * groups), offsets.AsMemory(0, n * groups));
            row += n;
            _progress.Report(tensor.Name, (long)n * width * tensor.ByteCount / tensor.Count);
        }
    }

    private void ReadRows(CheckpointTensor tensor, long rows, int width, RowTaker take) =>
        ReadRowBlocks(tensor, rows, width, (row, values) => take(row, values.Span));

    private void ReadRowBlocks(CheckpointTensor tensor, long rows, int width, Action<long, ReadOnlyMemory<float>> take)
    {
        var rowsAtOnce = (int)Math.Min(rows, Math.Max(1, ChunkElements / width));
        var buffer = ArrayPool<float>.Shared.Rent(rowsAtOnce * width);
        try
        {
            for (var row = 0L; row < rows;)
            {
                _cancel.ThrowIfCancellationRequested();
                var n = (int)Math.Min(rowsAtOnce, rows - row);
                var values = buffer.AsMemory(0, n * width);
                _checkpoint.Read(tensor, row * width, values.Span);
                RequireFinite(tensor, values.Span);
                _scales?.Apply(tensor.Name, row, width, values.Span);
                take(row, values);
                row += n;
                _progress.Report(tensor.Name, (long)n * width * tensor.ByteCount / tensor.Count);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    /// <summary>Quantization to few bits would hide other numbers until answers make no sense.</summary>
    private void RequireFinite(CheckpointTensor tensor, ReadOnlySpan<float> values)
    {
        if (!float.IsFinite(TensorPrimitives.MaxMagnitude(values)))
        {
            throw new CheckpointException(
                tensor.Location?.File.Path ?? _checkpoint.Folder,
                $"tensor '{tensor.Name}' holds numbers that are not finite. The file is damaged; download it again.");
        }
    }

    /// <summary>Writes rows [n, inputs] as columns of a [inputs, outputs] matrix, in tiles that stay in the cache.</summary>
    private static void Scatter(ReadOnlySpan<float> rows, int inputs, float[] matrix, int outputs, int firstColumn)
    {
        const int Tile = 32;
        var n = rows.Length / inputs;
        for (var i0 = 0; i0 < inputs; i0 += Tile)
        {
            var i1 = Math.Min(i0 + Tile, inputs);
            for (var r0 = 0; r0 < n; r0 += Tile)
            {
                var r1 = Math.Min(r0 + Tile, n);
                for (var i = i0; i < i1; i++)
                {
                    var line = matrix.AsSpan((i * outputs) + firstColumn, n);
                    for (var r = r0; r < r1; r++)
                    {
                        line[r] = rows[(r * inputs) + i];
                    }
                }
            }
        }
    }

    private sealed class ReadProgress(IProgress<ImportProgress>? progress)
    {
        private long _done;

        public long Total { get; set; }

        public void Report(string tensor, long bytes)
        {
            _done += bytes;
            progress?.Report(new ImportProgress(tensor, _done, Total));
        }
    }

    private delegate void RowTaker(long firstRow, ReadOnlySpan<float> values);

    private delegate void MatrixWriter(Stream stream, ReadOnlySpan<float> matrix);
}

/// <summary>Progress of an import.</summary>
/// <param name="Tensor">What is being read.</param>
/// <param name="BytesDone">Bytes of tensors read so far.</param>
/// <param name="BytesTotal">Bytes of all tensors that the model needs; the last report reaches it.</param>
public readonly record struct ImportProgress(string Tensor, long BytesDone, long BytesTotal);
