namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>The folder of downloads until they are imported: <c>hub/OWNER/NAME/COMMIT/NAME</c>. The last folder is the
/// checkpoint; it is called like its repository, because an imported model takes its name from there.</summary>
internal sealed class PullCache : IDisposable
{
    private readonly string _repository;
    private readonly string _commit;
    private readonly FileStream _lock;

    private PullCache(string repository, string commit, string name, FileStream held)
    {
        _repository = repository;
        _commit = commit;
        _lock = held;
        Checkpoint = Path.Combine(CommitFolder, name);
    }

    /// <summary><c>$XDG_CACHE_HOME/mobilevlm/hub</c>, else below the cache folder of a systemd unit, else below <c>~/.cache</c>.</summary>
    public static string Root
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
                ? given
                : Environment.GetEnvironmentVariable("CACHE_DIRECTORY") is { Length: > 0 } ofUnit
                ? ofUnit
                : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home
                    ? Path.Combine(home, ".cache")
                    : Path.GetTempPath();
            return Path.GetFullPath(Path.Combine(cache, "mobilevlm", "hub"));
        }
    }

    /// <summary>The folder that files go into.</summary>
    public string Checkpoint { get; }

    private string CommitFolder => Path.Combine(_repository, _commit);

    /// <summary>Takes the repository's folder for this process.</summary>
    /// <exception cref="IOException">Another process pulls the same model.</exception>
    public static PullCache Open(string id, string commit)
    {
        var repository = Path.Combine(Root, id);
        Directory.CreateDirectory(repository);
        try
        {
            var held = new FileStream(
                Path.Combine(repository, "pull.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new PullCache(repository, commit, id.Split('/')[^1], held);
        }
        catch (IOException e)
        {
            throw new IOException(
                $"{repository} is in use or cannot be written ({e.Message}). If another 'mobilevlm model pull {id}' is running, wait for it.", e);
        }
    }

    /// <summary>Bytes of a file that need not be downloaded again.</summary>
    public long PresentBytes(PlannedFile file)
    {
        var path = Path.Combine(Checkpoint, file.Path);
        var whole = new FileInfo(path);
        var part = new FileInfo($"{path}.part");
        return whole.Exists ? Math.Min(whole.Length, file.File.Size) : part.Exists ? Math.Min(part.Length, file.File.Size) : 0;
    }

    /// <summary>Removes what was downloaded, and unfinished downloads of other commits: the branch has moved on, and they will not
    /// be resumed.</summary>
    public void Clear()
    {
        if (Directory.Exists(CommitFolder))
        {
            Directory.Delete(CommitFolder, recursive: true);
        }

        foreach (var folder in Directory.GetDirectories(_repository))
        {
            if (Directory.EnumerateFiles(folder, "*.part", SearchOption.AllDirectories).Any())
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    public void Dispose() => _lock.Dispose();
}
