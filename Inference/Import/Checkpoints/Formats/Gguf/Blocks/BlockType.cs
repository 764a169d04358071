namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf.Blocks;

/// <summary>A layout of blocks as ggml stores them. A value is scale * code, or scale * code + offset, in single precision, with one
/// scale and one offset for each group of values.</summary>
/// <param name="name">As llama.cpp writes it.</param>
/// <param name="values">Values of a block.</param>
/// <param name="bytes">Bytes of a block.</param>
/// <param name="groupSize">Values that share a scale.</param>
/// <param name="lowest">The lowest code.</param>
/// <param name="highest">The highest code.</param>
internal abstract class BlockType(string name, int values, int bytes, int groupSize, int lowest, int highest)
{
    public string Name => name;

    public int Values => values;

    public int Bytes => bytes;

    public int GroupSize => groupSize;

    public int Lowest => lowest;

    public int Highest => highest;

    /// <summary>Bits per value with everything that belongs to a block.</summary>
    public double BitsPerValue => 8.0 * bytes / values;

    /// <summary>Whether groups have offsets. Where they have none, nothing is added, which would change the sign of a zero.</summary>
    public virtual bool HasOffsets => false;

    /// <summary>Offsets of the 16-bit fields of a block, whose bytes a file in big-endian order has the other way round.</summary>
    public abstract ReadOnlySpan<byte> HalfFields { get; }

    /// <summary>Offset of a 32-bit field, whose bytes a file in big-endian order has the other way round; null for none.</summary>
    public virtual int? WordField => null;

    /// <summary>Takes a block apart.</summary>
    /// <param name="block">[bytes], little-endian.</param>
    /// <param name="codes">[values], in the order of the row.</param>
    /// <param name="scales">[values / groupSize].</param>
    /// <param name="offsets">[values / groupSize]; left alone where there are none.</param>
    public abstract void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets);

    /// <summary>The values of blocks that follow each other.</summary>
    /// <param name="blocks">[count, bytes], little-endian.</param>
    /// <param name="destination">[count, values].</param>
    public void Decode(ReadOnlySpan<byte> blocks, Span<float> destination)
    {
        Span<sbyte> codes = stackalloc sbyte[values];
        Span<float> scales = stackalloc float[values / groupSize];
        Span<float> offsets = stackalloc float[values / groupSize];
        for (var at = 0; at < destination.Length; at += values, blocks = blocks[bytes..])
        {
            Unpack(blocks[..bytes], codes, scales, offsets);
            for (var group = 0; group < scales.Length; group++)
            {
                var from = group * groupSize;
                for (var i = from; i < from + groupSize; i++)
                {
                    var value = scales[group] * codes[i];
                    destination[at + i] = HasOffsets ? value + offsets[group] : value;
                }
            }
        }
    }

    /// <summary>Turns the numbers of a block round, from big-endian to little-endian order.</summary>
    public void Reverse(Span<byte> block)
    {
        foreach (var field in HalfFields)
        {
            block.Slice(field, 2).Reverse();
        }

        if (WordField is { } word)
        {
            block.Slice(word, 4).Reverse();
        }
    }

    protected static float Half(ReadOnlySpan<byte> block, int offset) =>
        (float)System.Buffers.Binary.BinaryPrimitives.ReadHalfLittleEndian(block[offset..]);
}
