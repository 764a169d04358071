using System.Buffers.Binary;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf.Blocks;

/// <summary>A block of 32 values: byte j of the nibbles holds value j in its low and value j + 16 in its high half.</summary>
internal abstract class SmallBlock(string name, int bytes, int lowest, int highest) : BlockType(name, Count, bytes, Count, lowest, highest)
{
    private const int Count = 32;

    /// <summary>Writes nibbles less <paramref name="middle"/>, with a fifth bit each where there is one.</summary>
    /// <param name="nibbles">[16].</param>
    /// <param name="codes">[32].</param>
    /// <param name="middle">The code of zero.</param>
    /// <param name="fifth">Bit j is the highest bit of value j.</param>
    protected static void Split(ReadOnlySpan<byte> nibbles, Span<sbyte> codes, int middle = 0, uint fifth = 0)
    {
        for (var j = 0; j < 16; j++)
        {
            codes[j] = (sbyte)(((nibbles[j] & 15) | (int)(((fifth >> j) & 1) << 4)) - middle);
            codes[j + 16] = (sbyte)(((nibbles[j] >> 4) | (int)(((fifth >> (j + 16)) & 1) << 4)) - middle);
        }
    }
}

/// <summary>d, 32 nibbles: d * (q - 8).</summary>
internal sealed class Q40Block() : SmallBlock("Q4_0", 18, -8, 7)
{
    public override ReadOnlySpan<byte> HalfFields => [0];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        scales[0] = Half(block, 0);
        Split(block[2..], codes, middle: 8);
    }
}

/// <summary>d, m, 32 nibbles: d * q + m.</summary>
internal sealed class Q41Block() : SmallBlock("Q4_1", 20, 0, 15)
{
    public override bool HasOffsets => true;

    public override ReadOnlySpan<byte> HalfFields => [0, 2];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        (scales[0], offsets[0]) = (Half(block, 0), Half(block, 2));
        Split(block[4..], codes);
    }
}

/// <summary>d, 32 fifth bits, 32 nibbles: d * (q - 16). The fifth bits are four bytes of their own, in either byte order.</summary>
internal sealed class Q50Block() : SmallBlock("Q5_0", 22, -16, 15)
{
    public override ReadOnlySpan<byte> HalfFields => [0];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        scales[0] = Half(block, 0);
        Split(block[6..], codes, middle: 16, BinaryPrimitives.ReadUInt32LittleEndian(block[2..]));
    }
}

/// <summary>d, m, 32 fifth bits, 32 nibbles: d * q + m.</summary>
internal sealed class Q51Block() : SmallBlock("Q5_1", 24, 0, 31)
{
    public override bool HasOffsets => true;

    public override ReadOnlySpan<byte> HalfFields => [0, 2];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        (scales[0], offsets[0]) = (Half(block, 0), Half(block, 2));
        Split(block[8..], codes, middle: 0, BinaryPrimitives.ReadUInt32LittleEndian(block[4..]));
    }
}

/// <summary>d, 32 signed bytes: d * q.</summary>
internal sealed class Q80Block() : SmallBlock("Q8_0", 34, -128, 127)
{
    public override ReadOnlySpan<byte> HalfFields => [0];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        scales[0] = Half(block, 0);
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, sbyte>(block[2..]).CopyTo(codes);
    }
}

/// <summary>The table of IQ4_NL and IQ4_XS: the value of each nibble.</summary>
internal static class NonlinearCodes
{
    private static ReadOnlySpan<sbyte> Table => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public const int Lowest = -127;

    public const int Highest = 113;

    public static sbyte Of(int nibble) => Table[nibble];
}

/// <summary>d, 32 nibbles: d * table[q].</summary>
internal sealed class Iq4NlBlock() : SmallBlock("IQ4_NL", 18, NonlinearCodes.Lowest, NonlinearCodes.Highest)
{
    public override ReadOnlySpan<byte> HalfFields => [0];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        scales[0] = Half(block, 0);
        Split(block[2..], codes);
        foreach (ref var code in codes)
        {
            code = NonlinearCodes.Of(code);
        }
    }
}
