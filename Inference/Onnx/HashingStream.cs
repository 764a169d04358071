using System.Security.Cryptography;

namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>Writes to a file, which it disposes, and hashes what is written.</summary>
internal sealed class HashingStream(FileStream file) : WriteOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public override void Flush() => file.Flush();

    /// <summary>Flushes to the disk and returns the file's size and SHA-256.</summary>
    public (long Size, string Sha256) Finish()
    {
        // A folder that is renamed to its final name must not turn out empty after a power cut.
        file.Flush(flushToDisk: true);
        return (Position, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    protected override void Take(ReadOnlySpan<byte> buffer)
    {
        file.Write(buffer);
        _hash.AppendData(buffer);
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
