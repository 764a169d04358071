using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf.Blocks;

/// <summary>A block of 256 values.</summary>
internal abstract class LargeBlock(string name, int bytes, int groupSize, int lowest, int highest)
    : BlockType(name, Count, bytes, groupSize, lowest, highest)
{
    protected const int Count = 256;

    /// <summary>Two bits of value i: half n = i / 128, byte 32n + i % 32, at 2 * (i % 128 / 32).</summary>
    protected static int TwoBits(ReadOnlySpan<byte> quarters, int i) => (quarters[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;

    /// <summary>One bit of value i: byte i % 32, bit i / 32.</summary>
    protected static int OneBit(ReadOnlySpan<byte> bits, int i) => (bits[i % 32] >> (i / 32)) & 1;

    /// <summary>Four bits of value i: 64 values from 32 bytes, the low nibbles first.</summary>
    protected static int FourBits(ReadOnlySpan<byte> nibbles, int i) => (nibbles[(i / 64 * 32) + (i % 32)] >> (i % 64 / 32 * 4)) & 15;

    /// <summary>Scale and minimum of group g, 6 bits each, of the 12 bytes of Q4_K and Q5_K.</summary>
    protected static (int Scale, int Minimum) SixBits(ReadOnlySpan<byte> packed, int g) => g < 4
        ? (packed[g] & 63, packed[g + 4] & 63)
        : ((packed[g + 4] & 15) | (packed[g - 4] >> 6 << 4), (packed[g + 4] >> 4) | (packed[g] >> 6 << 4));

    /// <summary>Scales and offsets of Q4_K and Q5_K, which begin with d, dmin and the 12 bytes of <see cref="SixBits"/>.</summary>
    protected static void UnpackScales(ReadOnlySpan<byte> block, Span<float> scales, Span<float> offsets)
    {
        var (d, least) = (Half(block, 0), Half(block, 2));
        for (var g = 0; g < scales.Length; g++)
        {
            var (scale, minimum) = SixBits(block.Slice(4, 12), g);
            (scales[g], offsets[g]) = (d * scale, -(least * minimum));
        }
    }
}

/// <summary>16 groups of 16: d * (s &amp; 15) * q - dmin * (s >> 4), q of 2 bits.</summary>
internal sealed class Q2KBlock() : LargeBlock("Q2_K", 84, 16, 0, 3)
{
    public override bool HasOffsets => true;

    public override ReadOnlySpan<byte> HalfFields => [80, 82];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        var (d, least) = (Half(block, 80), Half(block, 82));
        for (var g = 0; g < scales.Length; g++)
        {
            (scales[g], offsets[g]) = (d * (block[g] & 15), -(least * (block[g] >> 4)));
        }

        for (var i = 0; i < Count; i++)
        {
            codes[i] = (sbyte)TwoBits(block[16..80], i);
        }
    }
}

/// <summary>16 groups of 16: d * (s - 32) * (q - (h ? 0 : 4)), q of 2 bits with a third in h, s of 6 bits.</summary>
internal sealed class Q3KBlock() : LargeBlock("Q3_K", 110, 16, -4, 3)
{
    public override ReadOnlySpan<byte> HalfFields => [108];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        var d = Half(block, 108);
        var packed = block[96..108];
        for (var g = 0; g < scales.Length; g++)
        {
            var low = g < 8 ? packed[g] & 15 : packed[g - 8] >> 4;
            var high = (packed[8 + (g % 4)] >> (g / 4 * 2)) & 3;
            scales[g] = d * ((low | (high << 4)) - 32);
        }

        for (var i = 0; i < Count; i++)
        {
            codes[i] = (sbyte)(TwoBits(block[32..96], i) - (OneBit(block, i) == 0 ? 4 : 0));
        }
    }
}

/// <summary>8 groups of 32: d * s * q - dmin * m, q of 4 bits.</summary>
internal sealed class Q4KBlock() : LargeBlock("Q4_K", 144, 32, 0, 15)
{
    public override bool HasOffsets => true;

    public override ReadOnlySpan<byte> HalfFields => [0, 2];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        UnpackScales(block, scales, offsets);
        for (var i = 0; i < Count; i++)
        {
            codes[i] = (sbyte)FourBits(block[16..], i);
        }
    }
}

/// <summary>8 groups of 32: d * s * q - dmin * m, q of 5 bits.</summary>
internal sealed class Q5KBlock() : LargeBlock("Q5_K", 176, 32, 0, 31)
{
    public override bool HasOffsets => true;

    public override ReadOnlySpan<byte> HalfFields => [0, 2];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        UnpackScales(block, scales, offsets);
        for (var i = 0; i < Count; i++)
        {
            codes[i] = (sbyte)(FourBits(block[48..], i) | (OneBit(block[16..], i) << 4));
        }
    }
}

/// <summary>16 groups of 16: d * s * (q - 32), q of 6 bits, s a signed byte.</summary>
internal sealed class Q6KBlock() : LargeBlock("Q6_K", 210, 16, -32, 31)
{
    public override ReadOnlySpan<byte> HalfFields => [208];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        var d = Half(block, 208);
        for (var g = 0; g < scales.Length; g++)
        {
            scales[g] = d * (sbyte)block[192 + g];
        }

        for (var i = 0; i < Count; i++)
        {
            var low = (block[(i / 128 * 64) + (i % 64)] >> (i % 128 / 64 * 4)) & 15;
            codes[i] = (sbyte)((low | (TwoBits(block[128..192], i) << 4)) - 32);
        }
    }
}

/// <summary>d in single precision, 256 signed bytes, sums that nothing needs: d * q.</summary>
internal sealed class Q8KBlock() : LargeBlock("Q8_K", 292, Count, -128, 127)
{
    public override ReadOnlySpan<byte> HalfFields => [];

    public override int? WordField => 0;

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        scales[0] = BinaryPrimitives.ReadSingleLittleEndian(block);
        MemoryMarshal.Cast<byte, sbyte>(block.Slice(4, Count)).CopyTo(codes);
    }
}

/// <summary>8 groups of 32: d * (s - 32) * table[q], s of 6 bits.</summary>
internal sealed class Iq4XsBlock() : LargeBlock("IQ4_XS", 136, 32, NonlinearCodes.Lowest, NonlinearCodes.Highest)
{
    public override ReadOnlySpan<byte> HalfFields => [0, 2];

    public override void Unpack(ReadOnlySpan<byte> block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        var (d, high) = (Half(block, 0), BinaryPrimitives.ReadUInt16LittleEndian(block[2..]));
        for (var g = 0; g < scales.Length; g++)
        {
            var low = (block[4 + (g / 2)] >> (g % 2 * 4)) & 15;
            scales[g] = d * ((low | (((high >> (2 * g)) & 3) << 4)) - 32);
        }

        for (var i = 0; i < Count; i++)
        {
            codes[i] = NonlinearCodes.Of((block[8 + (i / 32 * 16) + (i % 16)] >> (i % 32 / 16 * 4)) & 15);
        }
    }
}
