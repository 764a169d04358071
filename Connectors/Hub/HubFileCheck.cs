using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Whether bytes are those that the hub publishes: by SHA-256, else by git's own SHA-1, else by length alone.</summary>
internal sealed class HubFileCheck : IDisposable
{
    private readonly HubFile _file;
    private readonly IncrementalHash? _hash;

    public HubFileCheck(HubFile file)
    {
        _file = file;
        if (file.Sha256 is not null)
        {
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }
        else if (file.BlobId is not null)
        {
            // Git names its content so; there is nothing better to compare with.
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));
        }
    }

    public static async Task<bool> IsWholeAsync(string path, HubFile file, CancellationToken cancel)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length != file.Size)
        {
            return false;
        }

        using var check = new HubFileCheck(file);
        await using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0))
        {
            await check.ReadAsync(stream, cancel);
        }

        return check.Fault() is null;
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash?.AppendData(bytes);

    /// <summary>Hashes a stream from its position to its end.</summary>
    public async Task ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[1 << 20];
        while (await stream.ReadAsync(buffer, cancel) is > 0 and var count)
        {
            Append(buffer.AsSpan(0, count));
        }
    }

    /// <summary>Null when it is right; else the end of a sentence about the file.</summary>
    public string? Fault()
    {
        var expected = _file.Sha256 ?? _file.BlobId;
        var actual = _hash is null ? null : Convert.ToHexStringLower(_hash.GetHashAndReset());
        return actual == expected
            ? null
            : $"has {(_file.Sha256 is null ? "the git blob id" : "SHA-256")} {actual}, published is {expected}.";
    }

    public void Dispose() => _hash?.Dispose();
}
