using System.Formats.Tar;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>An offline bundle back into files. The archive may be damaged or hostile: only what its manifest lists is
/// written, in its order, as plain files of the listed sizes and checksums.</summary>
public sealed class HubBundleReader : IDisposable
{
    private const int LargestManifest = 4 << 20;
    private const int MostFiles = 20_000;

    private readonly string _archive;
    private readonly FileStream _stream;
    private readonly TarReader _tar;

    private HubBundleReader(string archive, FileStream stream, TarReader tar, HubBundle bundle)
    {
        _archive = archive;
        _stream = stream;
        _tar = tar;
        Bundle = bundle;
    }

    /// <summary>Checked in itself; the files are checked as they are extracted.</summary>
    public HubBundle Bundle { get; }

    /// <summary>Reads the manifest.</summary>
    /// <exception cref="HubException">It is not a bundle of this program, or it is hostile.</exception>
    public static async Task<HubBundleReader> OpenAsync(string archive, CancellationToken cancel)
    {
        var stream = new FileStream(archive, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        try
        {
            TarHeaders.Check(stream, MostFiles);
            var tar = new TarReader(stream, leaveOpen: true);
            return new HubBundleReader(archive, stream, tar, await ReadManifestAsync(archive, tar, cancel));
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or FormatException or JsonException)
        {
            await stream.DisposeAsync();
            throw new HubException(
                $"{archive} is not a bundle that 'mobilevlm model pull ID --offline-bundle FILE' wrote, or was cut or damaged ({e.Message}). "
                + "Copy it again.", e);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the files into a folder; one that does not check out is removed again.</summary>
    /// <param name="folder">Made if need be.</param>
    /// <param name="progress">Bytes written so far.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="HubException">The archive does not match its manifest.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task ExtractAsync(string folder, Action<long>? progress, CancellationToken cancel)
    {
        var done = 0L;
        foreach (var file in Bundle.Files)
        {
            var entry = await NextAsync(cancel)
                ?? throw Fault($"ends before '{file.Path}'. It was cut; copy it again.");
            if (entry.Name != file.Path || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                throw Fault($"holds '{entry.Name}' ({entry.EntryType}) where its manifest has the file '{file.Path}'. Nothing of it is used.");
            }

            if (entry.Length != file.Size)
            {
                throw Fault($"holds {entry.Length} bytes of '{file.Path}', its manifest says {file.Size}. Copy it again.");
            }

            await ExtractAsync(entry, file, Path.Combine(folder, file.Path), n => progress?.Invoke(done += n), cancel);
        }

        if (await NextAsync(cancel) is { } more)
        {
            throw Fault($"holds '{more.Name}', which its manifest does not list. Nothing of it is used.");
        }
    }

    public void Dispose()
    {
        _tar.Dispose();
        _stream.Dispose();
    }

    private async Task ExtractAsync(TarEntry entry, HubBundleFile file, string path, Action<int> progress, CancellationToken cancel)
    {
        using var part = await PartialFile.OpenAsync(path, new HubFile(file.Path, file.Size, file.Sha256, null), cancel);
        part.Restart();
        try
        {
            var buffer = new byte[1 << 20];
            while (entry.DataStream is { } data && await data.ReadAsync(buffer, cancel) is > 0 and var count)
            {
                part.Append(buffer.AsSpan(0, count));
                progress(count);
            }

            var fault = part.Length != file.Size ? $"was cut after {part.Length} of {file.Size} bytes." : part.Fault();
            if (fault is not null)
            {
                throw Fault($"is damaged: '{file.Path}' {fault} Copy it again.");
            }

            part.Complete();
        }
        catch (EndOfStreamException e)
        {
            part.Discard();
            throw new HubException($"{_archive} ends inside '{file.Path}'. It was cut; copy it again.", e);
        }
        catch
        {
            part.Discard();
            throw;
        }
    }

    private async Task<TarEntry?> NextAsync(CancellationToken cancel)
    {
        try
        {
            return await _tar.GetNextEntryAsync(copyData: false, cancel);
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or FormatException)
        {
            throw new HubException($"{_archive} cannot be read ({e.Message}). It was cut or damaged; copy it again.", e);
        }
    }

    private static async Task<HubBundle> ReadManifestAsync(string archive, TarReader tar, CancellationToken cancel)
    {
        var entry = await tar.GetNextEntryAsync(copyData: false, cancel);
        if (entry is not { Name: HubBundle.ManifestName, DataStream: { } data, Length: <= LargestManifest })
        {
            throw new InvalidDataException($"its first entry is not {HubBundle.ManifestName}");
        }

        var bundle = await JsonSerializer.DeserializeAsync(data, HubBundleJson.Default.HubBundle, cancel)
            ?? throw new InvalidDataException($"{HubBundle.ManifestName} holds nothing");
        if (bundle.FormatVersion != HubBundle.Current)
        {
            throw new HubException(
                $"{archive} has format version {bundle.FormatVersion}, this program reads {HubBundle.Current}. Make it again with this program.");
        }

        Check(bundle);
        return bundle;
    }

    private static void Check(HubBundle bundle)
    {
        if (!HubNames.IsRepository(bundle.Id) || !HubNames.IsCommit(bundle.Commit) || bundle.Files.Count is 0 or > MostFiles)
        {
            throw new InvalidDataException($"{HubBundle.ManifestName} names no repository, commit or files");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in bundle.Files)
        {
            if (file is null || !HubNames.IsInside(file.Path) || file.Size < 0 || !HubNames.IsSha256(file.Sha256) || !seen.Add(file.Path))
            {
                throw new InvalidDataException($"{HubBundle.ManifestName} lists '{file?.Path}', which leads out of its folder or has no size or checksum");
            }
        }
    }

    private HubException Fault(string problem) => new($"{_archive} {problem}");
}
