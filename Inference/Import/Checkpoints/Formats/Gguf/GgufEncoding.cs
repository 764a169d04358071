using System.Buffers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>The values of a GGUF tensor: floats or blocks, in either byte order, with rows in the order of the file or in that of
/// rotary embeddings.</summary>
/// <param name="type">Of the values.</param>
/// <param name="isBigEndian">Whether numbers have their highest byte first.</param>
/// <param name="width">Values of a row.</param>
/// <param name="order">Order of the rows; null where it is that of the checkpoint.</param>
internal sealed class GgufEncoding(GgufTensorType type, bool isBigEndian, int width, RotaryRowOrder? order) : TensorEncoding
{
    private const int BytesAtOnce = 1 << 20;

    public override string Name => type.Name;

    public override StoredGroups? Groups => type.Blocks is { } blocks
        ? new StoredGroups(blocks.GroupSize, blocks.Lowest, blocks.Highest, blocks.HasOffsets, blocks.BitsPerValue, ReadGroups)
        : null;

    private long RowBytes => (long)width / type.BlockValues * type.BlockBytes;

    public override void Read(TensorLocation location, long firstElement, Span<float> destination)
    {
        if (order is null)
        {
            ReadStored(location, firstElement, destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            var (row, column) = (firstElement / width, firstElement % width);
            var count = (int)Math.Min(width - column, destination.Length);
            ReadStored(location, (order.StoredRow(row) * width) + column, destination[..count]);
            destination = destination[count..];
            firstElement += count;
        }
    }

    /// <summary>Reads values that follow each other in the file.</summary>
    private void ReadStored(TensorLocation location, long first, Span<float> destination)
    {
        var (size, bytes) = (type.BlockValues, type.BlockBytes);
        var blocksAtOnce = Math.Max(1, BytesAtOnce / bytes);
        var stored = ArrayPool<byte>.Shared.Rent((int)Math.Min(blocksAtOnce, (destination.Length / size) + 2L) * bytes);
        var values = ArrayPool<float>.Shared.Rent(stored.Length / bytes * size);
        try
        {
            while (!destination.IsEmpty)
            {
                // From the block that has the first value, of which the values before it are left out.
                var (block, skipped) = (first / size, (int)(first % size));
                var blocks = (int)Math.Min(stored.Length / bytes, (skipped + (long)destination.Length + size - 1) / size);
                var found = stored.AsSpan(0, blocks * bytes);
                location.File.ReadExactly(location.Offset + (block * bytes), found);
                Decode(found, values.AsSpan(0, blocks * size));
                var count = Math.Min(destination.Length, (blocks * size) - skipped);
                values.AsSpan(skipped, count).CopyTo(destination);
                destination = destination[count..];
                first += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
            ArrayPool<float>.Shared.Return(values);
        }
    }

    private void Decode(Span<byte> stored, Span<float> values)
    {
        Reverse(stored);
        if (type.Blocks is { } blocks)
        {
            blocks.Decode(stored, values);
        }
        else
        {
            FloatConversion.ToFloat32(type.Floats, stored, values);
        }
    }

    private void Reverse(Span<byte> stored)
    {
        for (var at = 0; isBigEndian && at < stored.Length; at += type.BlockBytes)
        {
            var one = stored.Slice(at, type.BlockBytes);
            if (type.Blocks is { } blocks)
            {
                blocks.Reverse(one);
            }
            else
            {
                one.Reverse();
            }
        }
    }

    private void ReadGroups(TensorLocation location, long firstRow, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        var blocks = type.Blocks!;
        var stored = new byte[RowBytes];
        var groups = blocks.Values / blocks.GroupSize;
        for (var row = firstRow; !codes.IsEmpty; row++)
        {
            location.File.ReadExactly(location.Offset + ((order?.StoredRow(row) ?? row) * RowBytes), stored);
            Reverse(stored);
            for (var at = 0; at < stored.Length; at += blocks.Bytes)
            {
                blocks.Unpack(stored.AsSpan(at, blocks.Bytes), codes[..blocks.Values], scales[..groups], offsets[..groups]);
                codes = codes[blocks.Values..];
                scales = scales[groups..];
                offsets = offsets[groups..];
            }
        }
    }
}

/// <summary>The order in which llama.cpp's converter stores the rows of attn_q and attn_k, for rotary embeddings of neighbours: row h * D + 2i + s
/// holds row h * D + s * D / 2 + i of the checkpoint, for i below D / 2 and s of 0 and 1.</summary>
/// <param name="HeadSize">D, even.</param>
internal sealed record RotaryRowOrder(int HeadSize)
{
    /// <summary>The stored row of a row of the checkpoint.</summary>
    public long StoredRow(long row)
    {
        var (head, within) = (row / HeadSize, row % HeadSize);
        var half = HeadSize / 2;
        return (head * HeadSize) + (2 * (within % half)) + (within / half);
    }
}
