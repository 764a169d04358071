namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>What the video of a clip is encoded with.</summary>
internal enum ClipCodec
{
    /// <summary>H.264 (AVC).</summary>
    H264,

    /// <summary>H.265 (HEVC).</summary>
    H265,
}

/// <summary>A cut of a stream: whole packets of an MPEG transport stream.</summary>
/// <param name="Codec">What it is encoded with.</param>
/// <param name="Parts">Its bytes, in order. They are not changed any more.</param>
internal sealed record CutClip(ClipCodec Codec, IReadOnlyList<ReadOnlyMemory<byte>> Parts)
{
    /// <summary>Bytes of all parts.</summary>
    public long Length => Parts.Sum(part => (long)part.Length);
}

/// <summary>The packets of one key frame and of the frames up to the next one. The ring's lock guards it.</summary>
/// <param name="attempt">The stream that it belongs to.</param>
/// <param name="codec">What it is encoded with.</param>
/// <param name="header">The packets that describe the stream.</param>
internal sealed class ClipSegment(int attempt, ClipCodec codec, ReadOnlyMemory<byte> header)
{
    private const int FirstCapacity = 64 * 1024;

    /// <summary>Begin of each frame: its moment and its offset.</summary>
    private readonly List<(long At, int Offset)> _frames = [];

    private byte[] _bytes = new byte[FirstCapacity];

    public int Attempt => attempt;

    public ClipCodec Codec => codec;

    public ReadOnlyMemory<byte> Header => header;

    /// <summary>The moment of the key frame, a timestamp of the clock.</summary>
    public long Began => _frames[0].At;

    /// <summary>The moment of the newest frame.</summary>
    public long LastFrame => _frames[^1].At;

    public int Length { get; private set; }

    /// <param name="packets">Whole packets.</param>
    /// <param name="frameAt">The moment, where they begin a frame.</param>
    public void Append(ReadOnlySpan<byte> packets, long? frameAt)
    {
        if (frameAt is { } at)
        {
            _frames.Add((at, Length));
        }

        if (Length + packets.Length > _bytes.Length)
        {
            // Earlier cuts keep the array that they were made of.
            var larger = new byte[Math.Max(Length + packets.Length, _bytes.Length * 2)];
            _bytes.AsSpan(0, Length).CopyTo(larger);
            _bytes = larger;
        }

        packets.CopyTo(_bytes.AsSpan(Length));
        Length += packets.Length;
    }

    /// <summary>Nothing is added any more: gives back the memory that is left over.</summary>
    public void Seal()
    {
        if (_bytes.Length > Length)
        {
            _bytes = _bytes[..Length];
        }
    }

    /// <summary>The packets of the frames up to a moment.</summary>
    public ReadOnlyMemory<byte> UpTo(long to)
    {
        var end = _frames.FindIndex(frame => frame.At > to);
        return _bytes.AsMemory(0, end > 0 ? _frames[end].Offset : Length);
    }
}
