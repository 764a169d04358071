namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>A file that is being downloaded, as <c>NAME.part</c>, with the tag of the server's version in <c>NAME.part.etag</c>.
/// Becomes <c>NAME</c> when it is whole. One process has it at a time.</summary>
internal sealed class PartialFile : IDisposable
{
    private const int LongestTag = 512;

    private readonly string _path;
    private readonly HubFile _file;
    private readonly FileStream _stream;
    private HubFileCheck _check;

    private PartialFile(string path, HubFile file, FileStream stream)
    {
        _path = path;
        _file = file;
        _stream = stream;
        _check = new HubFileCheck(file);
    }

    public long Length => _stream.Position;

    /// <summary>Whether bytes of an earlier run or connection are in it.</summary>
    public bool WasResumed { get; private set; }

    /// <summary>The server's strong tag for the version that the bytes are of.</summary>
    public string? Tag
    {
        get => field;
        set
        {
            field = value;
            if (value is null)
            {
                File.Delete(TagPath);
            }
            else
            {
                File.WriteAllText(TagPath, value);
            }
        }
    }

    private string PartPath => $"{_path}.part";

    private string TagPath => $"{_path}.part.etag";

    /// <summary>Opens or makes it; what is in it is read once for the checksum.</summary>
    public static async Task<PartialFile> OpenAsync(string path, HubFile file, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var stream = new FileStream(
            $"{path}.part", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        var part = new PartialFile(path, file, stream);
        try
        {
            await part.ResumeAsync(cancel);
            return part;
        }
        catch
        {
            part.Dispose();
            throw;
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _check.Append(bytes);
    }

    /// <summary>Forgets everything that is in it.</summary>
    public void Restart()
    {
        WasResumed = false;
        Tag = null;
        _stream.SetLength(0);
        _stream.Position = 0;
        _check.Dispose();
        _check = new HubFileCheck(_file);
    }

    /// <summary>Null when the whole is what is published. Asked once, at the end.</summary>
    public string? Fault() => _check.Fault();

    /// <summary>Flushes the file to disk, then gives it its final name.</summary>
    public void Complete()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Delete(TagPath);
        File.Move(PartPath, _path, overwrite: true);
    }

    /// <summary>Leaves nothing of it.</summary>
    public void Discard()
    {
        _stream.Dispose();
        File.Delete(TagPath);
        File.Delete(PartPath);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _check.Dispose();
    }

    private async Task ResumeAsync(CancellationToken cancel)
    {
        if (_stream.Length > _file.Size)
        {
            Restart();
            return;
        }

        await _check.ReadAsync(_stream, cancel);
        WasResumed = _stream.Length > 0;
        if (WasResumed && new FileInfo(TagPath) is { Exists: true, Length: > 0 and < LongestTag })
        {
            var tag = await File.ReadAllTextAsync(TagPath, cancel);
            Tag = tag.StartsWith('"') && tag.EndsWith('"') && tag.Length > 1 && !tag.Any(char.IsControl) ? tag : null;
        }
    }
}
