using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Downloaded files into one archive, to be carried to a device without internet.</summary>
public static class HubBundleWriter
{
    /// <summary>Writes the archive. When it ends early, nothing is left under the final name.</summary>
    /// <param name="archive">File to make.</param>
    /// <param name="id">The repository.</param>
    /// <param name="commit">At which the files are.</param>
    /// <param name="folder">Holds the files.</param>
    /// <param name="paths">Relative to the folder, with slashes.</param>
    /// <param name="progress">Bytes of files written so far.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public static async Task WriteAsync(
        string archive, string id, string commit, string folder, IReadOnlyList<string> paths, Action<long>? progress, CancellationToken cancel)
    {
        var partial = $"{archive}.partial-{Guid.NewGuid():N}";
        try
        {
            await using (var stream = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20))
            {
                var files = new List<HubBundleFile>();
                foreach (var path in paths)
                {
                    files.Add(await DescribeAsync(folder, path, cancel));
                }

                await using (var tar = new TarWriter(stream, TarEntryFormat.Gnu, leaveOpen: true))
                {
                    await WriteEntriesAsync(tar, new HubBundle(HubBundle.Current, id, commit, files), folder, progress, cancel);
                }

                await stream.FlushAsync(cancel);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, archive);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    private static async Task WriteEntriesAsync(
        TarWriter tar, HubBundle bundle, string folder, Action<long>? progress, CancellationToken cancel)
    {
        using var manifest = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(bundle, HubBundleJson.Default.HubBundle));
        await tar.WriteEntryAsync(Entry(HubBundle.ManifestName, manifest), cancel);
        var done = 0L;
        foreach (var file in bundle.Files)
        {
            await using var data = File.OpenRead(Path.Combine(folder, file.Path));
            await tar.WriteEntryAsync(Entry(file.Path, data), cancel);
            progress?.Invoke(done += file.Size);
        }
    }

    /// <summary>The same files always give the same archive. GNU's format, because a shard may have
    /// more than the 8 GiB of plain tar.</summary>
    private static GnuTarEntry Entry(string name, Stream data) => new(TarEntryType.RegularFile, name)
    {
        DataStream = data,
        ModificationTime = DateTimeOffset.UnixEpoch,
        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
    };

    private static async Task<HubBundleFile> DescribeAsync(string folder, string path, CancellationToken cancel)
    {
        await using var stream = File.OpenRead(Path.Combine(folder, path));
        return new HubBundleFile(path, stream.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel)));
    }
}
