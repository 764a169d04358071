using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>Writes an archive. The service may run: each of its files is replaced as a whole, so that every copy is a complete one.</summary>
internal static class BackupWriter
{
    private const int BufferBytes = 1 << 16;

    // The upper half of a ZIP entry's attributes is the mode of the file in Unix: a regular one.
    private const int EntryAttributes = (0x8000 | (int)(UnixFileMode.UserRead | UnixFileMode.UserWrite)) << 16;

    /// <summary>Writes it beside the file and renames it, so that the file is complete or absent. Only its owner may read it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parts">What to back up.</param>
    /// <param name="about">The manifest without files.</param>
    /// <param name="copyDatabase">Copies a database to a new file.</param>
    /// <param name="cancel">Leaves nothing behind.</param>
    /// <returns>The manifest as written.</returns>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static BackupManifest Write(
        string path, IReadOnlyList<BackupPart> parts, BackupManifest about, Action<string, string> copyDatabase, CancellationToken cancel)
    {
        var draft = $"{path}.{Guid.NewGuid():N}.new";
        try
        {
            BackupManifest manifest;
            using (var stream = PrivateFiles.Create(draft))
            {
                using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
                {
                    var files = Added(archive, parts, $"{draft}.db", copyDatabase, cancel);
                    manifest = about with { Parts = [.. parts.Select(part => part.Name)], Files = files };
                    using var entry = Create(archive, BackupManifest.FileName, CompressionLevel.Optimal).Open();
                    JsonSerializer.Serialize(entry, manifest, BackupJson.Default.BackupManifest);
                }

                stream.Flush(flushToDisk: true);
            }

            File.Move(draft, path, overwrite: true);
            return manifest;
        }
        finally
        {
            File.Delete(draft);
            File.Delete($"{draft}.db");
        }
    }

    private static List<BackupFile> Added(
        ZipArchive archive, IReadOnlyList<BackupPart> parts, string copy, Action<string, string> copyDatabase, CancellationToken cancel)
    {
        var files = new List<BackupFile>();
        var added = new HashSet<string>(StringComparer.Ordinal);
        AddFolders(parts.Where(part => !part.IsDatabase));

        // The database after its files: what was deleted meanwhile has no row any more. Files that came meanwhile are added, and rows whose file
        // was deleted in the same moment are removed, so that a row always has its file.
        foreach (var part in parts.Where(part => part.IsDatabase))
        {
            foreach (var (path, file) in part.Files())
            {
                // Nobody else may read the copy either.
                PrivateFiles.Replace(copy, []);
                copyDatabase(file.FullName, copy);
                AddFolders(parts.Where(beside => beside.Name == BackupPart.Snapshots));
                HistoryCopy.RemoveMissing(copy, name => added.Contains($"{BackupPart.Snapshots}/{name}"));
                Include(Add(archive, path, copy, CancellationToken.None));
            }
        }

        return files;

        void AddFolders(IEnumerable<BackupPart> folders)
        {
            foreach (var (path, file) in folders.SelectMany(part => part.Files()).Where(it => !added.Contains(it.Path)))
            {
                Include(Add(archive, path, file.FullName, cancel));
            }
        }

        void Include(BackupFile? file)
        {
            if (file is null)
            {
                return;
            }

            files.Add(file);
            added.Add(file.Path);
            if (files.Count > BackupArchive.MaxFiles)
            {
                throw new BackupException(
                    $"There are more than {BackupArchive.MaxFiles} files. Leave out --history, and copy History:Folder while the service is stopped.");
            }
        }
    }

    /// <returns>Null for a file that has been deleted meanwhile.</returns>
    private static BackupFile? Add(ZipArchive archive, string path, string file, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!BackupArchive.IsSafe(path))
        {
            throw new BackupException($"{file} has a name that cannot be restored: rename it, or remove it, because the service did not write it.");
        }

        FileStream source;
        try
        {
            source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        using (source)
        {
            // Pictures are compressed already.
            var level = Path.GetExtension(file) is ".jpg" or ".mp4" ? CompressionLevel.NoCompression : CompressionLevel.Optimal;
            using var target = Create(archive, path, level).Open();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[BufferBytes];
            var bytes = 0L;
            for (int read; (read = source.Read(buffer)) > 0; bytes += read)
            {
                hash.AppendData(buffer, 0, read);
                target.Write(buffer, 0, read);
            }

            return new BackupFile(path, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
    }

    private static ZipArchiveEntry Create(ZipArchive archive, string path, CompressionLevel level)
    {
        var entry = archive.CreateEntry(path, level);
        entry.ExternalAttributes = EntryAttributes;
        return entry;
    }
}
