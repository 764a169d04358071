namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>The external data file of an ONNX model: written once, hashed meanwhile, never read back.</summary>
internal sealed class ExternalDataFile : IDisposable
{
    /// <summary>Alignment of large weights in bytes, so that each can be mapped by itself with every page size in use (arm64 has 64 KiB pages).</summary>
    private const int LargeAlignment = 64 * 1024;
    private const int SmallAlignment = 64;
    private const int LargeWeight = 1024 * 1024;

    private readonly HashingStream _stream;

    public ExternalDataFile(string path)
    {
        FileName = Path.GetFileName(path);
        _stream = new HashingStream(new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20, FileOptions.SequentialScan));
    }

    /// <summary>Name by which the model refers to it; it is in the model's folder.</summary>
    public string FileName { get; }

    /// <summary>Appends a weight of a known size, aligned, and returns its offset.</summary>
    public long Append(long size, Action<Stream> write)
    {
        var offset = OffsetOf(size, _stream.Position);
        _stream.Write(new byte[offset - _stream.Position]);
        write(_stream);
        var written = _stream.Position - offset;
        return written == size
            ? offset
            : throw new InvalidOperationException($"A weight of {size} bytes wrote {written}.");
    }

    /// <summary>Offset at which a weight begins.</summary>
    /// <param name="size">Its bytes.</param>
    /// <param name="end">Where the weight before it ends.</param>
    public static long OffsetOf(long size, long end)
    {
        var alignment = size >= LargeWeight ? LargeAlignment : SmallAlignment;
        return (end + alignment - 1) / alignment * alignment;
    }

    /// <summary>Flushes to the disk and returns the file's size and SHA-256.</summary>
    public (long Size, string Sha256) Finish() => _stream.Finish();

    public void Dispose() => _stream.Dispose();
}
