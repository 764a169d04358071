using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Gaussian float16 noise as fast as a disk takes it: one block of it is made, scaled once for each deviation
/// that is asked for, and read cyclically from a start that differs for each tensor. The block's length is a prime, so no
/// two rows of a matrix are the same. The same seed gives the same bytes on every machine: only additions, products and
/// square roots are used, which are exact by IEEE 754.</summary>
internal sealed class NoiseBlock
{
    /// <summary>Elements: the largest prime below 2^20.</summary>
    private const int Length = (1 << 20) - 3;

    private readonly float[] _unit = new float[Length];
    private readonly Dictionary<float, Half[]> _scaled = [];
    private readonly ulong _seed;

    public NoiseBlock(long seed)
    {
        _seed = (ulong)seed;
        var state = _seed;
        for (var i = 0; i < Length; i++)
        {
            // The sum of twelve uniform numbers has variance 1 and, up to four deviations, the shape of a Gaussian.
            _unit[i] = ((Sum4(Next(ref state)) + Sum4(Next(ref state)) + Sum4(Next(ref state))) / 65536f) - 6f;
        }
    }

    /// <summary>Writes <paramref name="count"/> values.</summary>
    /// <param name="stream">Gets float16, little-endian.</param>
    /// <param name="count">How many.</param>
    /// <param name="scale">Standard deviation.</param>
    /// <param name="name">The tensor's name, which determines where in the block its values begin.</param>
    /// <param name="written">Called with the bytes of each piece.</param>
    public void Write(Stream stream, long count, float scale, string name, Action<int> written)
    {
        var block = Scaled(scale);
        var at = (int)(Mix(name) % Length);
        while (count > 0)
        {
            var piece = MemoryMarshal.AsBytes(block.AsSpan(at, (int)Math.Min(count, Length - at)));
            stream.Write(piece);
            count -= piece.Length / 2;
            at = 0;
            written(piece.Length);
        }
    }

    /// <summary>A number from 0 to below <paramref name="limit"/> that depends on the seed and a text.</summary>
    public int Pick(string text, int limit) => (int)(Mix(text) % (ulong)limit);

    private Half[] Scaled(float scale)
    {
        if (!_scaled.TryGetValue(scale, out var block))
        {
            var wide = new float[Length];
            TensorPrimitives.Multiply(_unit, scale, wide);
            _scaled[scale] = block = new Half[Length];
            TensorPrimitives.ConvertToHalf(wide, block);
        }

        return block;
    }

    private ulong Mix(string text)
    {
        // FNV-1a, then mixed, because its upper bits are poor for short texts.
        var hash = 14695981039346656037UL ^ _seed;
        foreach (var character in text)
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return Next(ref hash);
    }

    private static uint Sum4(ulong bits) =>
        (uint)((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48));

    /// <summary>SplitMix64.</summary>
    private static ulong Next(ref ulong state)
    {
        var z = state += 0x9e3779b97f4a7c15UL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }
}
