namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>The folder that holds a checkpoint. Names that come out of its files lead only to files inside it:
/// a downloaded index must not make the importer read the rest of the machine.</summary>
internal sealed class CheckpointFolder
{
    private const int MostLinks = 40;

    // Where the real files lie: below the folder, and for Hugging Face's cache also in models--x--y/blobs,
    // to which its snapshots consist of links.
    private readonly List<string> _allowedRoots;

    private CheckpointFolder(string path, List<string> allowedRoots, CheckpointFolder? visionTower = null)
    {
        Path = path;
        _allowedRoots = allowedRoots;
        VisionTower = visionTower;
    }

    /// <summary>Full path as the caller named it.</summary>
    public string Path { get; }

    /// <summary>The vision tower that the user chose; null where the checkpoint decides.</summary>
    public CheckpointFolder? VisionTower { get; }

    /// <summary>Opens the folder of a checkpoint.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <param name="visionTower">Path of the folder of the vision tower that the user chose; null for none.</param>
    /// <exception cref="CheckpointException">One of them is not a folder.</exception>
    public static CheckpointFolder Open(string folder, string? visionTower = null)
    {
        var path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder));
        if (!Directory.Exists(path))
        {
            throw new CheckpointException(path, "is not a folder. Give the folder that holds config.json.");
        }

        var real = RealPath(path, path);
        List<string> roots = [real];
        if (SnapshotRepository(real) is { } repository)
        {
            roots.Add(System.IO.Path.Combine(repository, "blobs"));
        }

        return new CheckpointFolder(path, roots, visionTower is null ? null : Open(visionTower));
    }

    /// <summary>The folder of a file that the caller named, with any name. A link that was named is followed.</summary>
    /// <exception cref="CheckpointException">There is no such file.</exception>
    public static CheckpointFolder OpenOf(string file)
    {
        var path = System.IO.Path.GetFullPath(file);
        if (!System.IO.File.Exists(path))
        {
            throw new CheckpointException(path, Directory.Exists(path) ? "is a folder. Name the GGUF file itself." : "does not exist.");
        }

        var folder = Open(System.IO.Path.GetDirectoryName(path)!);
        folder._allowedRoots.Add(System.IO.Path.GetDirectoryName(RealPath(path, path))!);
        return folder;
    }

    /// <summary>The repository's name ("mtgv/MobileVLM-1.7B") in Hugging Face's cache, else the folder's own.</summary>
    public string Name()
    {
        const string cachePrefix = "models--";
        var cached = System.IO.Path.GetFileName(SnapshotRepository(_allowedRoots[0]));
        return cached is not null && cached.StartsWith(cachePrefix, StringComparison.Ordinal)
            ? cached[cachePrefix.Length..].Replace("--", "/", StringComparison.Ordinal)
            : System.IO.Path.GetFileName(Path);
    }

    /// <summary>Full path of a file, null when it is not there.</summary>
    /// <exception cref="CheckpointException">The name or a link leads out of the folder.</exception>
    public string? FindFile(string relative)
    {
        var path = Resolve(relative);
        return System.IO.File.Exists(path) ? path : null;
    }

    /// <summary>Names of the files directly in the folder. Links to files are listed, but only <see cref="FindFile"/> follows them
    /// safely; links to nothing are left out.</summary>
    /// <exception cref="CheckpointException">The folder cannot be listed.</exception>
    public IReadOnlySet<string> FileNames()
    {
        try
        {
            return Directory.EnumerateFiles(Path).Where(System.IO.File.Exists).Select(file => System.IO.Path.GetFileName(file)).ToHashSet(StringComparer.Ordinal);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new CheckpointException(Path, "cannot be listed. Check its owner and mode, or run the command as another user.", exception);
        }
    }

    /// <summary>A folder inside this one, under the same rules; null when it is not there.</summary>
    public CheckpointFolder? FindFolder(string relative)
    {
        var path = Resolve(relative);
        return Directory.Exists(path) ? new CheckpointFolder(path, _allowedRoots) : null;
    }

    /// <summary>A folder beside this one; null when it is not there or is this one.</summary>
    /// <param name="name">One name, not a path.</param>
    /// <exception cref="ArgumentException">The name is a path.</exception>
    public CheckpointFolder? FindFolderBeside(string name)
    {
        if (!IsPlain(name) || name.AsSpan().IndexOfAny('/', '\\') >= 0)
        {
            throw new ArgumentException($"'{name}' is not a name.", nameof(name));
        }

        var path = System.IO.Path.GetDirectoryName(Path) is { } parent ? System.IO.Path.Combine(parent, name) : null;
        return path is not null && Directory.Exists(path) && RealPath(path, path) != _allowedRoots[0] ? Open(path) : null;
    }

    /// <summary>Whether a path leads to a place inside a folder, by its text alone.</summary>
    public static bool IsPlain(string relative) =>
        !relative.Contains('\0', StringComparison.Ordinal)
        && !System.IO.Path.IsPathRooted(relative)
        && !relative.Contains(':', StringComparison.Ordinal)
        && !relative.Split('/', '\\').Any(part => part is "" or "." or "..");

    private string Resolve(string relative)
    {
        var parts = relative.Split('/', '\\');
        if (!IsPlain(relative))
        {
            throw new CheckpointException(
                Path,
                $"names '{relative}', which is not a plain path inside the checkpoint's folder. Put what it means "
                + "into the folder and name it from there.");
        }

        var path = System.IO.Path.Combine([Path, .. parts]);
        var real = RealPath(path, Path);
        return _allowedRoots.Any(root => IsWithin(real, root))
            ? path
            : throw new CheckpointException(
                path, $"is a link to {real}, outside the checkpoint's folder. Replace the link with the file.");
    }

    private static bool IsWithin(string path, string root) =>
        path == root
        || path.StartsWith(
            System.IO.Path.TrimEndingDirectorySeparator(root) + System.IO.Path.DirectorySeparatorChar,
            StringComparison.Ordinal);

    /// <summary>models--x--y of models--x--y/snapshots/revision, null elsewhere.</summary>
    private static string? SnapshotRepository(string real)
    {
        var parent = System.IO.Path.GetDirectoryName(real);
        return System.IO.Path.GetFileName(parent) == "snapshots" ? System.IO.Path.GetDirectoryName(parent) : null;
    }

    /// <summary>The path with every link on the way replaced by what it points at.</summary>
    private static string RealPath(string path, string blamed)
    {
        var waiting = new Stack<string>(Parts(path).Reverse());
        var real = System.IO.Path.GetPathRoot(path)!;
        for (var links = 0; waiting.TryPop(out var part);)
        {
            if (part == "..")
            {
                real = System.IO.Path.GetDirectoryName(real) ?? real;
                continue;
            }

            var next = System.IO.Path.Combine(real, part);
            if (LinkTarget(next) is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new CheckpointException(blamed, "holds links that lead in a circle. Replace them with files.");
            }

            real = System.IO.Path.IsPathRooted(target) ? System.IO.Path.GetPathRoot(target)! : real;
            foreach (var step in Parts(target).Reverse())
            {
                waiting.Push(step);
            }
        }

        return real;
    }

    private static IEnumerable<string> Parts(string path) =>
        path[(System.IO.Path.GetPathRoot(path)?.Length ?? 0)..]
            .Split(System.IO.Path.DirectorySeparatorChar, System.IO.Path.AltDirectorySeparatorChar)
            .Where(part => part is not "" and not ".");

    private static string? LinkTarget(string path) => new FileInfo(path).LinkTarget;
}
