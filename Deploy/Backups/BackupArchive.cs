using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>An archive that is read. Nothing in it is believed: names, lengths and the number of files are checked before anything is unpacked, and each file
/// against its checksum. One thread at a time.</summary>
internal sealed class BackupArchive : IDisposable
{
    /// <summary>Most files: a history of some weeks has fewer.</summary>
    internal const int MaxFiles = 500_000;

    /// <summary>Longest manifest that is read, in bytes.</summary>
    internal const int MaxManifestBytes = 128 << 20;

    /// <summary>Longest file, in bytes: all lengths together are then a number that can be added up.</summary>
    private const long MaxFileBytes = 1L << 40;

    private const int MaxPathLength = 400;
    private const int MaxDepth = 8;
    private const int MaxNameBytes = 250;
    private const int BufferBytes = 1 << 16;
    private const int Sha256Digits = 64;

    private readonly string _file;
    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;

    private BackupArchive(string file, ZipArchive archive, Dictionary<string, ZipArchiveEntry> entries, BackupManifest manifest) =>
        (_file, _archive, _entries, Manifest) = (file, archive, entries, manifest);

    public BackupManifest Manifest { get; }

    /// <summary>Opens an archive and checks everything but the contents of its files.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="parts">Those that this program knows.</param>
    /// <exception cref="BackupException">It is damaged, is not an archive of this program, or must not be unpacked.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static BackupArchive Open(string file, IReadOnlyList<BackupPart> parts)
    {
        ZipArchive archive;
        try
        {
            archive = ZipFile.OpenRead(file);
        }
        catch (InvalidDataException fault)
        {
            throw Damaged(file, $"it is not a ZIP archive, or is not complete ({fault.Message.TrimEnd('.')})");
        }

        try
        {
            return Open(file, archive, [.. parts.Select(part => part.Name)]);
        }
        catch (Exception fault)
        {
            archive.Dispose();
            throw fault is InvalidDataException or JsonException or NotSupportedException ? Damaged(file, fault.Message.TrimEnd('.')) : fault;
        }
    }

    /// <summary>The files of a part.</summary>
    public IEnumerable<BackupFile> FilesOf(BackupPart part) =>
        Manifest.Files.Where(file => file.Path.StartsWith($"{part.Name}/", StringComparison.Ordinal));

    /// <summary>Reads every file and compares it with its checksum.</summary>
    /// <exception cref="BackupException">One differs.</exception>
    public void Verify(CancellationToken cancel)
    {
        foreach (var file in Manifest.Files)
        {
            CopyTo(file, Stream.Null, cancel);
        }
    }

    /// <summary>Writes the content of a file, no more than its manifest says, and compares it with its checksum.</summary>
    /// <exception cref="BackupException">It differs; what was written must not be used.</exception>
    public void CopyTo(BackupFile file, Stream target, CancellationToken cancel)
    {
        try
        {
            using var source = _entries[file.Path].Open();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[BufferBytes];
            var left = file.Bytes;
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                cancel.ThrowIfCancellationRequested();
                if ((left -= read) < 0)
                {
                    throw Damaged(_file, $"'{file.Path}' is longer than its manifest says");
                }

                hash.AppendData(buffer, 0, read);
                target.Write(buffer, 0, read);
            }

            if (left > 0 || Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Sha256)
            {
                throw Damaged(_file, $"'{file.Path}' does not have the checksum of its manifest");
            }
        }
        catch (InvalidDataException fault)
        {
            throw Damaged(_file, $"'{file.Path}': {fault.Message.TrimEnd('.')}");
        }
    }

    public void Dispose() => _archive.Dispose();

    private static BackupArchive Open(string file, ZipArchive archive, HashSet<string> known)
    {
        // The manifest is one more.
        if (archive.Entries.Count > MaxFiles + 1)
        {
            throw Refused(file, string.Create(CultureInfo.InvariantCulture, $"it has {archive.Entries.Count} files; at most {MaxFiles} are accepted"));
        }

        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        foreach (var entry in archive.Entries)
        {
            if (!entries.TryAdd(entry.FullName, entry))
            {
                throw Refused(file, $"it has '{Shown(entry.FullName)}' twice");
            }
        }

        if (!entries.Remove(BackupManifest.FileName, out var first))
        {
            throw Refused(file, $"it has no {BackupManifest.FileName}, so it was not written by 'mobilevlm backup'");
        }

        var manifest = ReadManifest(file, first);
        CheckFiles(file, manifest, known, entries);
        return new BackupArchive(file, archive, entries, manifest);
    }

    private static BackupManifest ReadManifest(string file, ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var content = new MemoryStream();
        var buffer = new byte[BufferBytes];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (content.Length + read > MaxManifestBytes)
            {
                throw Refused(file, $"its manifest is longer than {MaxManifestBytes >> 20} MiB");
            }

            content.Write(buffer, 0, read);
        }

        using var json = JsonDocument.Parse(content.GetBuffer().AsMemory(0, (int)content.Length));
        if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("format", out var format)
            && format.ValueKind == JsonValueKind.Number && format.TryGetInt32(out var version) && version > BackupManifest.CurrentFormat)
        {
            throw new BackupException(
                $"{file} was written by a newer version of mobilevlm (its layout is version {version}, this program reads {BackupManifest.CurrentFormat}). Update the program first.");
        }

        return json.RootElement.Deserialize(BackupJson.Default.BackupManifest) is { Format: BackupManifest.CurrentFormat } manifest
            ? manifest
            : throw new JsonException("its manifest is not that of a backup");
    }

    private static void CheckFiles(string file, BackupManifest manifest, HashSet<string> known, Dictionary<string, ZipArchiveEntry> entries)
    {
        foreach (var part in manifest.Parts)
        {
            if (part is null || !known.Contains(part))
            {
                throw Refused(file, $"it has a part '{Shown(part ?? "")}' that this program does not know");
            }
        }

        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var listed in manifest.Files)
        {
            if (listed is null || !IsSafe(listed.Path) || !manifest.Parts.Contains(listed.Path[..listed.Path.IndexOf('/', StringComparison.Ordinal)]))
            {
                throw Refused(file, $"'{Shown(listed?.Path ?? "")}' is not a path that a backup has");
            }

            if (listed.Bytes is < 0 or > MaxFileBytes || listed.Sha256.Length != Sha256Digits || !paths.Add(listed.Path) || !entries.ContainsKey(listed.Path))
            {
                throw Damaged(file, $"'{listed.Path}' is listed in its manifest and missing, or listed wrongly");
            }
        }

        if (paths.Count != entries.Count)
        {
            throw Refused(file, $"'{Shown(entries.Keys.First(path => !paths.Contains(path)))}' is not listed in its manifest");
        }
    }

    /// <summary>Whether a path stays inside its part, whatever it is joined to.</summary>
    internal static bool IsSafe(string path)
    {
        var names = path.Split('/');
        return path.Length <= MaxPathLength && names.Length is >= 2 and <= MaxDepth && names.All(name =>
            name is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(name) <= MaxNameBytes && !name.Any(c => c == '\\' || char.IsControl(c) || char.IsSurrogate(c)));
    }

    private static BackupException Damaged(string file, string what) =>
        new($"{file} is damaged: {what}. Nothing was changed; use another copy of the backup.");

    private static BackupException Refused(string file, string what) => new($"{file} is refused: {what}. Nothing was changed.");

    // What is in it may be anything.
    private static string Shown(string text) =>
        new([.. text.Take(100).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
}
