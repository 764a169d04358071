namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Writes through to another stream, which it does not dispose, and sums what passes.</summary>
internal sealed class SummingStream(Stream output) : Stream
{
    private long _position;

    /// <summary>CRC-32 of what was written since it was set to 0.</summary>
    public uint Sum { get; set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _position;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        output.Write(buffer);
        Sum = Crc32.Append(Sum, buffer);
        _position += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => output.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
