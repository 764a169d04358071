using System.Globalization;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>Puts the files of an archive in place. Everything is unpacked and checked beside the present files first; then the present files are moved
/// into a folder and the new ones take their place. A failure puts the present files back. The caller holds the locks of the folders.</summary>
/// <param name="plan">What to restore.</param>
/// <param name="time">The clock, for the name of the folder.</param>
internal sealed class StateRestore(RestorePlan plan, TimeProvider time)
{
    /// <summary>The longest file that the service reads at once, in bytes; a database is longer.</summary>
    private const int MaxStateBytes = 16 << 20;

    private static readonly string[] DatabaseFiles = ["", "-wal", "-shm", "-journal"];

    private readonly string _stamp = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    private readonly List<(string From, string To)> _moved = [];

    private readonly HashSet<string> _asides = [];

    /// <summary>The folders that have what was replaced; empty if nothing was there.</summary>
    public IReadOnlyList<string> SetAside => [.. _asides];

    /// <summary>Does it.</summary>
    /// <param name="archive">The archive that the plan was made of.</param>
    /// <param name="cancel">Until the first file is replaced, nothing has changed then.</param>
    /// <exception cref="BackupException">A file of the archive cannot be used; nothing was changed.</exception>
    /// <exception cref="IOException">A file cannot be written; the present files are where they were.</exception>
    public void Run(BackupArchive archive, CancellationToken cancel)
    {
        var staged = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            CheckSpace();
            foreach (var step in plan.Steps)
            {
                var staging = Path.Combine(step.Part.Root!, Staging(_stamp));
                if (staged.Add(staging))
                {
                    PrivateFiles.CreateFolder(staging);
                }

                Unpack(archive, step, staging, cancel);
                CheckContent(step, staging);
            }

            cancel.ThrowIfCancellationRequested();
            Replace();
        }
        finally
        {
            foreach (var staging in staged)
            {
                TryDelete(staging);
            }
        }
    }

    private static string Staging(string stamp) => $"restore-{stamp}.new";

    private void CheckSpace()
    {
        foreach (var root in plan.Steps.GroupBy(step => step.Part.Root!))
        {
            var needed = root.Sum(step => step.Backup.Sum(file => file.Bytes));
            Directory.CreateDirectory(root.Key);
            foreach (var interrupted in Directory.GetDirectories(root.Key, Staging("*")))
            {
                TryDelete(interrupted);
            }

            if (new DriveInfo(root.Key).AvailableFreeSpace is var free && free < needed)
            {
                throw new BackupException(
                    $"The disk of '{root.Key}' has {SizeText.Of(free)} free, and the backup needs {SizeText.Of(needed)} beside the present files. Free some space; nothing was changed.");
            }
        }
    }

    private static void Unpack(BackupArchive archive, RestoreStep step, string staging, CancellationToken cancel)
    {
        var owner = FileOwner.MayGive ? FileOwner.Of(step.Part.Root!) : null;
        owner?.Give(staging);
        foreach (var file in step.Backup)
        {
            if (step.Part.FileName is { } only && (file.Path != $"{step.Part.Name}/{only}" || (file.Bytes > MaxStateBytes && !step.Part.IsDatabase)))
            {
                throw new BackupException($"The backup is refused: '{file.Path}' is not a file that the service writes. Nothing was changed.");
            }

            var target = Path.Combine(staging, file.Path);
            CreateFolders(staging, Path.GetDirectoryName(target)!, owner);
            using (var stream = PrivateFiles.Create(target))
            {
                archive.CopyTo(file, stream, cancel);
                stream.Flush(flushToDisk: true);
            }

            owner?.Give(target);
        }
    }

    private static void CreateFolders(string staging, string folder, FileOwner? owner)
    {
        if (folder.Length > staging.Length && !Directory.Exists(folder))
        {
            CreateFolders(staging, Path.GetDirectoryName(folder)!, owner);
            PrivateFiles.CreateFolder(folder);
            owner?.Give(folder);
        }
    }

    /// <summary>Finds what the service could not use, before it replaces what the service uses now.</summary>
    private static void CheckContent(RestoreStep step, string staging)
    {
        if (step.Backup.Count == 0)
        {
            return;
        }

        var file = Path.Combine(staging, step.Backup[0].Path);
        var problem = step.Part.Name switch
        {
            "overlay" when Peek(file) is { } found => found,
            "tokens" when AccessTokens.FindError(File.ReadAllText(file)) is { } found => found,
            _ => null,
        };
        if (problem is not null)
        {
            throw new BackupException($"The backup is refused: {step.Backup[0].Path} {problem}. Nothing was changed.");
        }

        static string? Peek(string file)
        {
            _ = QuestionOverlayFile.Peek(file, out var problem);
            return problem;
        }
    }

    private void Replace()
    {
        try
        {
            foreach (var step in plan.Steps.Where(step => step.Changes))
            {
                var (part, root) = (step.Part, step.Part.Root!);
                var aside = Path.Combine(root, $"before-restore-{_stamp}");
                foreach (var present in part.IsDatabase ? DatabaseFiles.Select(end => part.Location + end) : [part.Location!])
                {
                    if (Path.Exists(present) || new FileInfo(present).LinkTarget is not null)
                    {
                        CreateAside(aside, root);
                        Move(present, Path.Combine(aside, Path.GetFileName(present)));
                    }
                }

                if (step.Backup.Count > 0)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(part.Location!)!);
                    var staged = Path.Combine(root, Staging(_stamp), part.Name);
                    Move(part.FileName is { } only ? Path.Combine(staged, only) : staged, part.Location!);
                }

                new FileSteps().FlushFolder(root);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            PutBack();
            throw;
        }
    }

    private void CreateAside(string aside, string root)
    {
        if (_asides.Add(aside))
        {
            PrivateFiles.CreateFolder(aside);
            if (FileOwner.MayGive)
            {
                FileOwner.Of(root)?.Give(aside);
            }
        }
    }

    private void Move(string from, string to)
    {
        if (Directory.Exists(from))
        {
            Directory.Move(from, to);
        }
        else
        {
            File.Move(from, to);
        }

        _moved.Add((from, to));
    }

    private void PutBack()
    {
        foreach (var (from, to) in Enumerable.Reverse(_moved))
        {
            try
            {
                if (Directory.Exists(to))
                {
                    Directory.Move(to, from);
                }
                else
                {
                    File.Move(to, from);
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It stays in the folder that was set aside, and the caller's message names the error.
                _ = fault;
            }
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _ = fault;
        }
    }
}
