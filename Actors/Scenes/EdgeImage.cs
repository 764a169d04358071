using System.Numerics;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>A set of cells of a <see cref="GrayImage"/> for each of eight edge directions, one bit for each cell. A
/// direction has no sign: an edge from light to dark is the same as one from dark to light, because night and infrared
/// light turn edges round.</summary>
internal sealed class EdgeImage
{
    /// <summary>Directions of 22.5 degrees each.</summary>
    public const int Directions = 8;

    private const int Words = 3;
    private const int WordBits = 64;

    private readonly ulong[] _bits = new ulong[Directions * GrayImage.Height * Words];

    /// <summary>Cells in the set, over all directions.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in _bits)
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    public void Clear() => Array.Clear(_bits);

    public void Add(int direction, int x, int y) => _bits[At(direction, x, y)] |= 1UL << (x % WordBits);

    /// <summary>False outside of the plane.</summary>
    public bool Contains(int direction, int x, int y) =>
        x is >= 0 and < GrayImage.Width && y is >= 0 and < GrayImage.Height
        && (_bits[At(direction, x, y)] >> (x % WordBits) & 1) != 0;

    /// <summary>Becomes another set grown by one cell to each side and one direction to each side, so that vibration, noise
    /// and coding errors do not make equal views differ.</summary>
    /// <param name="other">The set to grow.</param>
    /// <param name="turns">Directions to each side.</param>
    public void GrowFrom(EdgeImage other, int turns = 1)
    {
        Array.Clear(_bits);
        for (var direction = 0; direction < Directions; direction++)
        {
            for (var y = 0; y < GrayImage.Height; y++)
            {
                for (var word = 0; word < Words; word++)
                {
                    var wide = other.Widened(direction, y, word);
                    if (wide == 0)
                    {
                        continue;
                    }

                    for (var turn = -turns; turn <= turns; turn++)
                    {
                        Spread((direction + turn + Directions) % Directions, y, word, wide);
                    }
                }
            }
        }
    }

    private void Spread(int direction, int y, int word, ulong bits)
    {
        for (var row = Math.Max(0, y - 1); row <= Math.Min(GrayImage.Height - 1, y + 1); row++)
        {
            _bits[(((direction * GrayImage.Height) + row) * Words) + word] |= bits;
        }
    }

    private ulong Widened(int direction, int y, int word)
    {
        var row = _bits.AsSpan(((direction * GrayImage.Height) + y) * Words, Words);
        var bits = row[word];
        var left = (bits << 1) | (word > 0 ? row[word - 1] >> (WordBits - 1) : 0);
        var right = (bits >> 1) | (word < Words - 1 ? row[word + 1] << (WordBits - 1) : 0);
        return bits | left | right;
    }

    private static int At(int direction, int x, int y) =>
        (((direction * GrayImage.Height) + y) * Words) + (x / WordBits);
}
