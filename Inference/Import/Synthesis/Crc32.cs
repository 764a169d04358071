using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>The checksum of ZIP archives, eight bytes a step: it must keep up with the disk.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xedb88320;

    /// <summary>[8, 256]: what a byte does to the sum when 0 to 7 bytes follow it in the same step.</summary>
    private static readonly uint[] Table = MakeTable();

    /// <param name="sum">0 at first, then what this returned for the bytes before.</param>
    /// <param name="bytes">The next bytes.</param>
    public static uint Append(uint sum, ReadOnlySpan<byte> bytes)
    {
        sum = ~sum;
        var table = Table.AsSpan();
        foreach (var eight in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            var x = eight ^ sum;
            sum = table[(7 * 256) + (byte)x] ^ table[(6 * 256) + (byte)(x >> 8)]
                ^ table[(5 * 256) + (byte)(x >> 16)] ^ table[(4 * 256) + (byte)(x >> 24)]
                ^ table[(3 * 256) + (byte)(x >> 32)] ^ table[(2 * 256) + (byte)(x >> 40)]
                ^ table[256 + (byte)(x >> 48)] ^ table[(byte)(x >> 56)];
        }

        foreach (var one in bytes[(bytes.Length & ~7)..])
        {
            sum = table[(byte)(sum ^ one)] ^ (sum >> 8);
        }

        return ~sum;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[8 * 256];
        for (var i = 0u; i < 256; i++)
        {
            var sum = i;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ ((sum & 1) * Polynomial);
            }

            table[i] = sum;
        }

        for (var i = 256; i < table.Length; i++)
        {
            table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        }

        return table;
    }
}
