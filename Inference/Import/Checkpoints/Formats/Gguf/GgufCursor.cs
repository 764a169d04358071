using System.Buffers.Binary;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>Fills all of <paramref name="destination"/> with the bytes of a file from <paramref name="offset"/> on, or throws.</summary>
internal delegate void GgufBytes(long offset, Span<byte> destination);

/// <summary>Reads the header of a GGUF file from the start to the end, in either byte order. Each length is compared with what is
/// left of the file, and with <see cref="MostBytes"/>, before anything is allocated for it.</summary>
/// <param name="path">For messages.</param>
/// <param name="length">Of the file, in bytes.</param>
/// <param name="bytes">Reads it.</param>
internal sealed class GgufCursor(string path, long length, GgufBytes bytes)
{
    /// <summary>Largest header. Those of published models have under 16 MiB, most of it the vocabulary.</summary>
    public const long MostBytes = 256L << 20;

    private const int BufferBytes = 64 * 1024;

    private readonly byte[] _buffer = new byte[(int)Math.Min(BufferBytes, length)];
    private long _bufferStart;
    private int _buffered;

    /// <summary>Offset of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes behind <see cref="Position"/>.</summary>
    public long Left => length - Position;

    /// <summary>Whether numbers have their highest byte first.</summary>
    public bool IsBigEndian { get; set; }

    /// <summary>Whether counts and lengths have 4 bytes, as in version 1, and not 8.</summary>
    public bool HasShortCounts { get; set; }

    public byte UInt8() => Take(1)[0];

    public ushort UInt16() => IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(Take(2)) : BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint UInt32() => IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(Take(4)) : BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => IsBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(Take(8)) : BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A count or a length as the version of the file writes it.</summary>
    public ulong Count() => HasShortCounts ? UInt32() : UInt64();

    /// <summary>How many of something follow.</summary>
    /// <param name="what">For messages.</param>
    /// <param name="leastBytes">Bytes that one of them takes at least.</param>
    /// <exception cref="CheckpointException">The rest of the file is too short for so many.</exception>
    public long CountOf(string what, int leastBytes)
    {
        var count = Count();
        return count <= (ulong)(Left / leastBytes)
            ? (long)count
            : throw Error($"states {count} {what}, for which the {Left} bytes that follow are too few. It is damaged; download it again.");
    }

    /// <summary>Bytes with their length in front.</summary>
    /// <param name="what">For messages.</param>
    /// <param name="longest">The most that are accepted.</param>
    public byte[] Text(string what, int longest)
    {
        var count = Count();
        if (count > (ulong)longest)
        {
            throw Error($"states that {what} has {count} bytes; {longest} is the most. It is damaged; download it again.");
        }

        var text = count == 0 ? [] : new byte[CheckLeft((int)count)];
        for (var done = 0; done < text.Length;)
        {
            var piece = Take(Math.Min(BufferBytes, text.Length - done));
            piece.CopyTo(text.AsSpan(done));
            done += piece.Length;
        }

        return text;
    }

    public CheckpointException Error(string problem) => new(path, problem);

    private ReadOnlySpan<byte> Take(int count)
    {
        CheckLeft(count);
        if (Position < _bufferStart || Position + count > _bufferStart + _buffered)
        {
            _bufferStart = Position;
            _buffered = (int)Math.Min(_buffer.Length, Left);
            bytes(Position, _buffer.AsSpan(0, _buffered));
        }

        var taken = _buffer.AsSpan((int)(Position - _bufferStart), count);
        Position += count;
        return taken;
    }

    private int CheckLeft(int count) =>
        count > Left ? throw Error($"is truncated (its header needs {count} bytes at {Position}, but it has only {length}). Download it again.")
        : Position + count > MostBytes ? throw Error($"has a header of more than {MostBytes >> 20} MiB, which no published model has. It is damaged; download it again.")
        : count;
}
