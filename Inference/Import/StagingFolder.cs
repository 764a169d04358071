using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>A folder that gets its final name only when it is complete. Until then it is called <c>NAME.partial-…</c> beside the
/// final name; what a killed process left there is removed by the next one that makes the same folder.</summary>
internal sealed partial class StagingFolder : IDisposable
{
    /// <summary>Held open and locked while the folder grows. The system releases the lock however the process ends, which
    /// distinguishes an abandoned folder from one that is in use.</summary>
    private const string LockFile = ".in-progress";

    private const string Infix = ".partial-";

    private readonly string _target;
    private readonly FileStream _lock;
    private bool _complete;

    private StagingFolder(string target, string path, FileStream heldLock) => (_target, Path, _lock) = (target, path, heldLock);

    /// <summary>The temporary folder to write to.</summary>
    public string Path { get; }

    /// <param name="target">Full path of the folder to make, without a separator at its end.</param>
    /// <exception cref="IOException">Another process is making the same folder, or its place cannot be written to.</exception>
    public static StagingFolder Create(string target)
    {
        RemoveAbandoned(target);
        var path = $"{target}{Infix}{Guid.NewGuid():N}";
        Directory.CreateDirectory(path);
        return new StagingFolder(target, path, Lock(System.IO.Path.Combine(path, LockFile)));
    }

    /// <summary>Gives the folder its name. An empty folder of that name is replaced; a full one is swapped in one step,
    /// so that there is always a whole one.</summary>
    public void Complete()
    {
        _lock.Dispose();
        File.Delete(_lock.Name);
        if (Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any())
        {
            Swap(Path, _target);
            Directory.Delete(Path, recursive: true);
        }
        else
        {
            if (Directory.Exists(_target))
            {
                Directory.Delete(_target);
            }

            Directory.Move(Path, _target);
        }

        _complete = true;
    }

    public void Dispose()
    {
        if (!_complete)
        {
            _lock.Dispose();
            if (Directory.Exists(Path))
            {
                Directory.Delete(Path, recursive: true);
            }
        }
    }

    private static FileStream Lock(string file) =>
        new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);

    private static void RemoveAbandoned(string target)
    {
        var parent = System.IO.Path.GetDirectoryName(target);
        if (parent is null || !Directory.Exists(parent))
        {
            return;
        }

        foreach (var partial in Directory.EnumerateDirectories(parent).Where(folder => IsPartial(folder, target)).ToList())
        {
            try
            {
                Lock(System.IO.Path.Combine(partial, LockFile)).Dispose();
            }
            catch (IOException e)
            {
                throw new IOException(
                    $"Another process is making '{target}' (in {partial}). Wait for it, or name another folder.", e);
            }

            Directory.Delete(partial, recursive: true);
        }
    }

    /// <summary>Whether a folder is named exactly as here: a user's "model.partial-backup" is not.</summary>
    private static bool IsPartial(string folder, string target) =>
        System.IO.Path.GetFileName(folder) is var name
        && $"{System.IO.Path.GetFileName(target)}{Infix}" is var prefix
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && Guid.TryParseExact(name.AsSpan(prefix.Length), "N", out _);

    private static void Swap(string made, string target)
    {
        if (OperatingSystem.IsLinux() && Exchange(AtCurrentFolder, made, AtCurrentFolder, target, ExchangeBoth) == 0)
        {
            return;
        }

        // A file system or libc that cannot exchange: for a moment there is no folder of that name, and the old one is kept aside.
        var aside = $"{target}{Infix}{Guid.NewGuid():N}";
        Directory.Move(target, aside);
        Directory.Move(made, target);
        Directory.Move(aside, made);
    }

    private const int AtCurrentFolder = -100;
    private const uint ExchangeBoth = 2;

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Exchange(int fromFolder, string from, int toFolder, string to, uint flags);
}
