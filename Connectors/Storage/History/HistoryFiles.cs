using System.Globalization;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>What the files of a snapshot and of a clip are named after.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="AtMs">When the frame was taken, in milliseconds since 1970.</param>
/// <param name="Frame">Its sequence number.</param>
internal readonly record struct SnapshotName(string Camera, long AtMs, long Frame)
{
    private const string DayFormat = "yyyyMMdd";
    private const string TimeFormat = "HHmmssfff";

    /// <summary>How the file of a snapshot ends.</summary>
    public const string Picture = ".jpg";

    /// <summary>How the file of a clip ends.</summary>
    public const string Clip = ".mp4";

    /// <summary>The path below the folder of snapshots: <c>20280131/gate/031502123-4711.jpg</c>, in UTC.</summary>
    public string Path => PathOf(Picture);

    /// <summary>The path of the clip of the same frame.</summary>
    public string ClipPath => PathOf(Clip);

    /// <summary>Reads the name of a file.</summary>
    /// <param name="path">The path below the folder of snapshots.</param>
    /// <param name="extension">How the file ends.</param>
    /// <returns>Null when it is another file.</returns>
    public static SnapshotName? Of(string path, string extension = Picture) =>
        path.Split('/') is [var day, var camera, var file]
        && file.Split('-') is [var time, var rest]
        && rest.EndsWith(extension, StringComparison.Ordinal)
        && long.TryParse(rest[..^4], NumberStyles.None, CultureInfo.InvariantCulture, out var frame)
        && DateTime.TryParseExact(
            day + time, DayFormat + TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? new SnapshotName(camera, new DateTimeOffset(at).ToUnixTimeMilliseconds(), frame)
            : null;

    private string PathOf(string extension)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(AtMs).UtcDateTime;
        return string.Create(
            CultureInfo.InvariantCulture, $"{at.ToString(DayFormat, CultureInfo.InvariantCulture)}/{Camera}/{at.ToString(TimeFormat, CultureInfo.InvariantCulture)}-{Frame}{extension}");
    }
}

/// <summary>The files of snapshots and clips, and the free space of their disk. Every method throws <see cref="StorageError"/> and nothing
/// else. One thread at a time.</summary>
internal class HistoryFiles(HistorySettings settings)
{
    /// <summary>Files take whole blocks of the disk.</summary>
    public const long Block = 4096;

    private const string Draft = ".new";

    private readonly FileSteps _steps = new();
    private string? _lastFolder;

    /// <summary>A length in whole blocks.</summary>
    public static long InBlocks(long bytes) => (bytes + Block - 1) / Block * Block;

    /// <summary>Creates the folder that contains everything; other users may not read it.</summary>
    public virtual void CreateFolder() => Guard(() =>
    {
        PrivateFiles.CreateFolder(settings.Folder);
        PrivateFiles.CreateFolder(settings.SnapshotFolder);
        return true;
    });

    /// <summary>Writes a snapshot under another name and renames it, so that a file with its name is whole unless the power failed.</summary>
    public virtual void Write(SnapshotName name, ReadOnlySpan<byte> jpeg)
    {
        var file = Path.Combine(settings.SnapshotFolder, name.Path);
        try
        {
            var folder = Path.GetDirectoryName(file)!;
            if (folder != _lastFolder)
            {
                _steps.CreateFolder(folder);
                _lastFolder = folder;
            }

            using (var stream = _steps.Create(file + Draft))
            {
                _steps.Write(stream, jpeg);
            }

            _steps.Rename(file + Draft, file);
        }
        catch (Exception fault)
        {
            _lastFolder = null;
            TryDelete(file + Draft);
            throw StorageError.From(fault);
        }
    }

    /// <summary>Reads a snapshot.</summary>
    /// <returns>Null when it is not there.</returns>
    public byte[]? Read(SnapshotName name) => Guard(() =>
    {
        var file = Path.Combine(settings.SnapshotFolder, name.Path);
        return File.Exists(file) ? File.ReadAllBytes(file) : null;
    });

    /// <summary>Deletes a snapshot, and its folders when nothing else is in them.</summary>
    public virtual void Delete(SnapshotName name) => DeleteFile(name.Path);

    /// <summary>The path of a clip.</summary>
    public string ClipOf(SnapshotName name) => Path.Combine(settings.SnapshotFolder, name.ClipPath);

    /// <summary>Creates an empty file for a clip.</summary>
    /// <returns>Where to write it before it is finished.</returns>
    public virtual string BeginClip(SnapshotName name) => Guard(() =>
    {
        var draft = ClipOf(name) + Draft;
        _steps.CreateFolder(Path.GetDirectoryName(draft)!);
        _steps.Create(draft).Dispose();
        return draft;
    });

    /// <summary>Gives a clip that was written its name.</summary>
    /// <returns>Its length in bytes; null when nothing was written.</returns>
    public long? FinishClip(SnapshotName name) => Guard(() =>
    {
        var file = ClipOf(name);
        if (new FileInfo(file + Draft) is not { Exists: true, Length: > 0 and var length })
        {
            return (long?)null;
        }

        _steps.Rename(file + Draft, file);
        return length;
    });

    /// <summary>Deletes what was written of a clip.</summary>
    public void DeleteClipDraft(SnapshotName name) => DeleteFile(name.ClipPath + Draft);

    /// <summary>Deletes a clip, and its folders when nothing else is in them.</summary>
    public void DeleteClip(SnapshotName name) => DeleteFile(name.ClipPath);

    /// <summary>All snapshots with their lengths in bytes, as they are on the disk. Deletes files that were being written when the
    /// process ended. Files of others are left out.</summary>
    public IReadOnlyDictionary<SnapshotName, long> Scan() => Scan(SnapshotName.Picture, []);

    /// <summary>The same for clips.</summary>
    /// <param name="drafts">Clips that are being written now.</param>
    public IReadOnlyDictionary<SnapshotName, long> ScanClips(IReadOnlyCollection<SnapshotName> drafts) => Scan(SnapshotName.Clip, drafts);

    private Dictionary<SnapshotName, long> Scan(string extension, IReadOnlyCollection<SnapshotName> drafts) => Guard(() =>
    {
        var found = new Dictionary<SnapshotName, long>();
        foreach (var file in new DirectoryInfo(settings.SnapshotFolder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(settings.SnapshotFolder, file.FullName);
            if (path.EndsWith(Draft, StringComparison.Ordinal) && SnapshotName.Of(path[..^Draft.Length], extension) is { } draft)
            {
                if (!drafts.Contains(draft))
                {
                    file.Delete();
                }
            }
            else if (SnapshotName.Of(path, extension) is { } name)
            {
                found[name] = file.Length;
            }
        }

        return found;
    });

    /// <summary>Size of the database and the files beside it, in whole blocks; a damaged one that was set aside is among them.</summary>
    public long DatabaseBytes() => Guard(() => new DirectoryInfo(settings.Folder)
        .EnumerateFiles($"{Path.GetFileName(settings.DatabaseFile)}*").Sum(file => InBlocks(FileIdentity.Of(file.FullName)?.Length ?? 0)));

    /// <summary>Deletes a damaged database that was set aside.</summary>
    /// <returns>False when there was none.</returns>
    public bool DeleteSetAside() => Guard(() =>
    {
        var aside = Directory.GetFiles(settings.Folder, $"{Path.GetFileName(settings.DatabaseFile)}.damaged-*");
        foreach (var file in aside)
        {
            File.Delete(file);
        }

        return aside.Length > 0;
    });

    /// <summary>Bytes that this process may still write to the disk.</summary>
    public virtual long Free() => Guard(() => new DriveInfo(settings.Folder).AvailableFreeSpace);

    private void DeleteFile(string path) => Guard(() =>
    {
        var file = Path.Combine(settings.SnapshotFolder, path);
        if (File.Exists(file))
        {
            File.Delete(file);
        }

        RemoveIfEmpty(Path.GetDirectoryName(file)!);
        return true;
    });

    private void RemoveIfEmpty(string folder)
    {
        for (var path = folder; path != settings.SnapshotFolder && path.Length > settings.SnapshotFolder.Length; path = Path.GetDirectoryName(path)!)
        {
            if (!Directory.Exists(path) || Directory.EnumerateFileSystemEntries(path).Any())
            {
                return;
            }

            Directory.Delete(path);
            _lastFolder = null;
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It is deleted at the next start.
            _ = fault;
        }
    }

    private static T Guard<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception fault)
        {
            throw StorageError.From(fault);
        }
    }
}
