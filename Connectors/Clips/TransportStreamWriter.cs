namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>Divides an MPEG transport stream with one video stream into segments and adds them to a ring. One thread at a time.</summary>
/// <remarks>The stream comes from ffmpeg's own muxer, which marks key frames; nothing in it is trusted all the same.</remarks>
internal sealed class TransportStreamWriter(ClipRing ring, int attempt)
{
    private const int PacketBytes = 188;
    private const byte Sync = 0x47;
    private const int MaxHeaderBytes = 16 * PacketBytes;

    // ISO/IEC 13818-1, table 2-34.
    private const byte H264Type = 0x1B;
    private const byte H265Type = 0x24;

    private readonly byte[] _partial = new byte[PacketBytes];
    private readonly List<byte> _header = [];
    private int _partialBytes;
    private int _mapPid = -1;
    private int _videoPid = -1;
    private ClipCodec? _codec;
    private ClipSegment? _segment;

    /// <summary>The stream is something else, or of another codec; what follows is ignored.</summary>
    public bool IsUnusable { get; private set; }

    /// <summary>Takes the next bytes, which need not end with a packet.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !IsUnusable)
        {
            if (_partialBytes == 0 && bytes.Length >= PacketBytes)
            {
                Take(bytes[..PacketBytes]);
                bytes = bytes[PacketBytes..];
                continue;
            }

            var taken = Math.Min(bytes.Length, PacketBytes - _partialBytes);
            bytes[..taken].CopyTo(_partial.AsSpan(_partialBytes));
            _partialBytes += taken;
            bytes = bytes[taken..];
            if (_partialBytes == PacketBytes)
            {
                _partialBytes = 0;
                Take(_partial);
            }
        }
    }

    private void Take(ReadOnlySpan<byte> packet)
    {
        if (packet[0] != Sync)
        {
            Refuse("its decoder sends something other than a transport stream");
            return;
        }

        var begins = (packet[1] & 0x40) != 0;
        var pid = ((packet[1] & 0x1F) << 8) | packet[2];
        if (pid == _videoPid && _codec is { } codec)
        {
            TakeVideo(packet, codec, begins);
        }
        else if (_segment is null)
        {
            // Tables: repeated within the stream, so those before the first key frame are enough.
            if (_header.Count < MaxHeaderBytes)
            {
                _header.AddRange(packet);
            }

            ReadTable(packet, pid, begins);
        }
    }

    private void TakeVideo(ReadOnlySpan<byte> packet, ClipCodec codec, bool begins)
    {
        if (begins && IsKey(packet))
        {
            _segment = new ClipSegment(attempt, codec, _header.ToArray());
            ring.Begin(_segment, packet);
        }
        else if (_segment is not null && !ring.Append(_segment, packet, begins))
        {
            _segment = null;
        }
    }

    /// <summary>The random access indicator of the adaptation field.</summary>
    private static bool IsKey(ReadOnlySpan<byte> packet) => (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x40) != 0;

    private void ReadTable(ReadOnlySpan<byte> packet, int pid, bool begins)
    {
        if (!begins || SectionOf(packet) is not { Length: > 12 } section)
        {
            return;
        }

        if (pid == 0 && section[0] == 0)
        {
            // The first program of the program association table.
            _mapPid = ((section[10] & 0x1F) << 8) | section[11];
        }
        else if (pid == _mapPid && section[0] == 2)
        {
            ReadMap(section);
        }
    }

    private void ReadMap(ReadOnlySpan<byte> section)
    {
        var at = 12 + (((section[10] & 0x0F) << 8) | section[11]);
        if (at + 5 > section.Length)
        {
            return;
        }

        _videoPid = ((section[at + 1] & 0x1F) << 8) | section[at + 2];
        _codec = section[at] switch
        {
            H264Type => ClipCodec.H264,
            H265Type => ClipCodec.H265,
            _ => null,
        };
        if (_codec is null)
        {
            Refuse("it sends neither H.264 nor H.265, and other video is not copied");
        }
    }

    /// <summary>The payload of a packet behind the pointer to its first section.</summary>
    private static ReadOnlySpan<byte> SectionOf(ReadOnlySpan<byte> packet)
    {
        var at = (packet[3] & 0x20) == 0 ? 4 : 5 + packet[4];
        return at < PacketBytes && at + 1 + packet[at] < PacketBytes ? packet[(at + 1 + packet[at])..] : [];
    }

    private void Refuse(string reason)
    {
        (IsUnusable, _segment) = (true, null);
        ring.SetMissing(reason);
    }
}
