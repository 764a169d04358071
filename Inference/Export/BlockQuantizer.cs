namespace MobileVlm.Edge.Inference.Export;

/// <summary>Symmetric block-wise rounding into the layout of ONNX Runtime's <c>MatMulNBits</c>: element k of a row sits
/// in block k / blockSize; value = (q - 2^(bits-1)) * scale; 4-bit values are packed two a byte, the even one low; the
/// last block of a row is padded. The element of largest magnitude maps to the most negative code, so the scale carries
/// its sign and all 2^bits codes are used (as in onnxruntime-genai's builder).</summary>
internal sealed class BlockQuantizer(int bits, int blockSize)
{
    public int Bits { get; } = bits is 4 or 8 ? bits : throw new ArgumentOutOfRangeException(nameof(bits), bits, "4 or 8");

    public int BlockSize { get; } = blockSize is 16 or 32 or 64 or 128 or 256
        ? blockSize
        : throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "16, 32, 64, 128 or 256");

    /// <summary>Blocks in a row of <paramref name="inputs"/> elements.</summary>
    public int Blocks(int inputs) => (inputs + BlockSize - 1) / BlockSize;

    /// <summary>Bytes of one block.</summary>
    public int BlobSize => BlockSize * Bits / 8;

    /// <summary>Rounds one row.</summary>
    /// <param name="row">[inputs].</param>
    /// <param name="packed">[blocks, blobSize].</param>
    /// <param name="scales">[blocks].</param>
    public void QuantizeRow(ReadOnlySpan<float> row, Span<byte> packed, Span<float> scales)
    {
        packed.Clear();
        for (var block = 0; block < scales.Length; block++)
        {
            var from = block * BlockSize;
            var values = row.Slice(from, Math.Min(BlockSize, row.Length - from));
            scales[block] = QuantizeBlock(values, packed.Slice(block * BlobSize, BlobSize));
        }
    }

    private float QuantizeBlock(ReadOnlySpan<float> values, Span<byte> blob)
    {
        var extreme = 0f;
        foreach (var value in values)
        {
            if (Math.Abs(value) > Math.Abs(extreme))
            {
                extreme = value;
            }
        }

        var middle = 1 << (Bits - 1);
        var largest = (1 << Bits) - 1;
        var scale = extreme / -middle;

        // Of a block of next to nothing the inverse is infinite: it becomes zeros.
        var inverse = float.IsFinite(1 / scale) ? 1 / scale : 0;

        // Padding must decode to zero: the middle code.
        for (var i = 0; i < BlockSize; i++)
        {
            var code = i < values.Length
                ? Math.Clamp((int)MathF.Round(values[i] * inverse) + middle, 0, largest)
                : middle;
            if (Bits == 8)
            {
                blob[i] = (byte)code;
            }
            else
            {
                blob[i / 2] |= (byte)(code << (4 * (i % 2)));
            }
        }

        return scale;
    }
}
