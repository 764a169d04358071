using System.Security.Cryptography;

namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>The external data file of an ONNX model: written once, hashed meanwhile, never read back.</summary>
internal sealed class ExternalDataFile : IDisposable
{
    /// <summary>So that a weight can be mapped by itself on every page size in use (arm64 has 64 KiB pages).</summary>
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
        Pad(size >= LargeWeight ? LargeAlignment : SmallAlignment);
        var offset = _stream.Position;
        write(_stream);
        var written = _stream.Position - offset;
        return written == size
            ? offset
            : throw new InvalidOperationException($"A weight of {size} bytes wrote {written}.");
    }

    /// <summary>Flushes to the disk and returns the file's size and SHA-256.</summary>
    public (long Size, string Sha256) Finish() => _stream.Finish();

    public void Dispose() => _stream.Dispose();

    private void Pad(int alignment)
    {
        var missing = (int)((alignment - (_stream.Position % alignment)) % alignment);
        if (missing > 0)
        {
            _stream.Write(new byte[missing]);
        }
    }
}

/// <summary>Writes to a file and computes the SHA-256 of what is written.</summary>
internal sealed class HashingStream(FileStream file) : WriteOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        file.Write(buffer);
        _hash.AppendData(buffer);
        _position += buffer.Length;
    }

    public override void Flush() => file.Flush();

    public (long Size, string Sha256) Finish()
    {
        // A folder that is renamed into place must not turn out empty after a power cut.
        file.Flush(flushToDisk: true);
        return (_position, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
