using System.IO.Hashing;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>The hashes of the last frames that differ bit by bit, to distinguish a new frame from one that was seen
/// before. A camera's sensor never gives the same frame twice; an encoder that gets the same frame again and again
/// gives a small number of them in turn. One caller at a time.</summary>
internal sealed class FrameHashes
{
    /// <summary>Different frames that are remembered: more than a group of frames between two key frames.</summary>
    public const int Capacity = 512;

    private readonly Queue<ulong> _order = new(Capacity);
    private readonly HashSet<ulong> _known = new(Capacity);

    /// <summary>The hash of all pixels, by XXH3: about 0.5 ms for 1920 x 1080 pixels on one core.</summary>
    public static ulong Of(ReadOnlySpan<byte> pixels) => XxHash3.HashToUInt64(pixels);

    /// <summary>Remembers a frame.</summary>
    /// <returns>True when it was not known.</returns>
    public bool Add(ulong hash)
    {
        if (!_known.Add(hash))
        {
            return false;
        }

        _order.Enqueue(hash);
        if (_order.Count > Capacity)
        {
            _known.Remove(_order.Dequeue());
        }

        return true;
    }
}
