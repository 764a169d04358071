namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Block-wise quantization into the layout of ONNX Runtime's <c>MatMulNBits</c>: element k of a row is in block
/// k / blockSize; value = (q - zero point) * scale, the zero point being 2^(bits-1) unless it is stored; 4-bit values
/// are packed two per byte, the even one low, zero points likewise; the last block of a row is padded. Scales come from
/// <see cref="ScaleSearch"/>.</summary>
internal sealed class BlockQuantizer(int bits, int blockSize, bool zeroPoints = false, ScaleRule rule = ScaleRule.LeastError)
{
    public int Bits { get; } = bits is 4 or 8 ? bits : throw new ArgumentOutOfRangeException(nameof(bits), bits, "4 or 8");

    public int BlockSize { get; } = blockSize is 16 or 32 or 64 or 128 or 256
        ? blockSize
        : throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "16, 32, 64, 128 or 256");

    /// <summary>Whether zero points are stored.</summary>
    public bool ZeroPoints { get; } = zeroPoints;

    /// <summary>Bytes of one block.</summary>
    public int BlobSize => BlockSize * Bits / 8;

    /// <summary>Blocks in a row of <paramref name="inputs"/> elements.</summary>
    public int Blocks(int inputs) => (inputs + BlockSize - 1) / BlockSize;

    /// <summary>Bytes of a row's zero points; each row begins with a new byte.</summary>
    public int ZeroPointBytes(int inputs) => ((Blocks(inputs) * Bits) + 7) / 8;

    /// <summary>Quantizes one row.</summary>
    /// <param name="row">[inputs].</param>
    /// <param name="importance">[inputs], how much an error of each weight counts, not negative.</param>
    /// <param name="packed">[blocks, blobSize].</param>
    /// <param name="scales">[blocks].</param>
    /// <param name="zeros">[zeroPointBytes], or empty where they are not stored.</param>
    public void QuantizeRow(
        ReadOnlySpan<float> row, ReadOnlySpan<float> importance, Span<byte> packed, Span<float> scales, Span<byte> zeros)
    {
        packed.Clear();
        zeros.Clear();
        for (var block = 0; block < scales.Length; block++)
        {
            var from = block * BlockSize;
            var count = Math.Min(BlockSize, row.Length - from);
            var values = row.Slice(from, count);
            var parameters = ScaleSearch.Find(values, importance.Slice(from, count), Bits, ZeroPoints, rule);
            Pack(values, parameters, packed.Slice(block * BlobSize, BlobSize));
            scales[block] = parameters.Scale;
            if (ZeroPoints)
            {
                Put(zeros, block, parameters.ZeroPoint);
            }
        }
    }

    /// <summary>Scale and zero point of a block.</summary>
    /// <param name="values">Up to <see cref="BlockSize"/>.</param>
    /// <param name="importance">How much an error of each weight counts, not negative.</param>
    public QuantizationParameters Find(ReadOnlySpan<float> values, ReadOnlySpan<float> importance) =>
        ScaleSearch.Find(values, importance, Bits, ZeroPoints, rule);

    /// <summary>Writes the nearest code of a value.</summary>
    /// <param name="value">The weight.</param>
    /// <param name="parameters">Of its block.</param>
    /// <param name="blob">The block's codes, zero where nothing was written.</param>
    /// <param name="index">Of the weight in the block.</param>
    /// <returns>The value that the code stands for.</returns>
    public float PutNearest(float value, QuantizationParameters parameters, Span<byte> blob, int index)
    {
        var inverse = 1 / parameters.Scale;
        var steps = float.IsFinite(inverse) ? MathF.Round(value * inverse) : 0;
        var code = (int)Math.Clamp(steps + parameters.ZeroPoint, 0, (1 << Bits) - 1);
        Put(blob, index, code);
        return (code - parameters.ZeroPoint) * parameters.Scale;
    }

    /// <summary>Fills the rest of a block, and writes its zero point where they are stored.</summary>
    /// <param name="parameters">Of the block.</param>
    /// <param name="blob">The block's codes.</param>
    /// <param name="count">Weights in the block.</param>
    /// <param name="zeros">The row's zero points.</param>
    /// <param name="block">Number of the block in its row.</param>
    public void Finish(QuantizationParameters parameters, Span<byte> blob, int count, Span<byte> zeros, int block)
    {
        for (var i = count; i < BlockSize; i++)
        {
            Put(blob, i, parameters.ZeroPoint);
        }

        if (ZeroPoints)
        {
            Put(zeros, block, parameters.ZeroPoint);
        }
    }

    /// <summary>Sum of the squared quantization errors of a row, each times its importance.</summary>
    public double Error(ReadOnlySpan<float> row, ReadOnlySpan<float> importance)
    {
        var (sum, largest) = (0.0, (1 << Bits) - 1);
        for (var from = 0; from < row.Length; from += BlockSize)
        {
            var count = Math.Min(BlockSize, row.Length - from);
            var values = row.Slice(from, count);
            var weights = importance.Slice(from, count);
            var parameters = ScaleSearch.Find(values, weights, Bits, ZeroPoints, rule);
            var block = 0f;
            for (var i = 0; i < count; i++)
            {
                var code = Math.Clamp((int)MathF.Round(values[i] * parameters.QuantizeFactor) + parameters.ZeroPoint, 0, largest);
                var error = values[i] - ((code - parameters.ZeroPoint) * parameters.Scale);
                block += weights[i] * error * error;
            }

            sum += block;
        }

        return sum;
    }

    private void Pack(ReadOnlySpan<float> values, QuantizationParameters parameters, Span<byte> blob)
    {
        var largest = (1 << Bits) - 1;

        // Padding must decode to zero: the code of zero.
        for (var i = 0; i < BlockSize; i++)
        {
            Put(blob, i, i < values.Length
                ? Math.Clamp((int)MathF.Round(values[i] * parameters.QuantizeFactor) + parameters.ZeroPoint, 0, largest)
                : parameters.ZeroPoint);
        }
    }

    /// <summary>Writes a code. The bytes must be zero before.</summary>
    private void Put(Span<byte> bytes, int index, int code)
    {
        if (Bits == 8)
        {
            bytes[index] = (byte)code;
        }
        else
        {
            bytes[index / 2] |= (byte)(code << (4 * (index % 2)));
        }
    }
}
