using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Another process uses a folder or file that only one process may use at a time.</summary>
/// <param name="message">Names the setting, the process and the remedy.</param>
public sealed class StorageInUseException(string message) : IOException(message);

/// <summary>Prevents a second process from using a folder or file. The kernel holds the lock: it ends with the process for
/// any reason, and a stale process id locks nothing.</summary>
/// <remarks>A folder is locked itself, so that every spelling of its path and every link to it is the same lock, and it need
/// not be writable. A file is locked by one beside it that ends in <c>.lock</c>. When neither can be opened, a file in the
/// runtime or temporary folder, named after the path, is locked instead.</remarks>
public sealed class InstanceLock : IDisposable
{
    /// <summary>A process that only checks the lock holds it for a moment.</summary>
    private static readonly TimeSpan WaitLimit = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(25);

    private readonly SafeFileHandle? _handle;
    private readonly string? _holderFile;

    private InstanceLock(SafeFileHandle? handle, string? holderFile) => (_handle, _holderFile) = (handle, holderFile);

    /// <summary>Whether anything could be locked. Without a lock, a second process is not noticed.</summary>
    public bool IsHeld => _handle is not null;

    /// <summary>Locks a folder, which need not exist nor be writable.</summary>
    /// <param name="key">The setting that names it, for the message.</param>
    /// <param name="folder">Its path.</param>
    /// <exception cref="StorageInUseException">Another process has it.</exception>
    public static InstanceLock TakeFolder(string key, string folder) => Take(
        key, folder, [() => FileCalls.OpenForReading(folder), () => FileCalls.OpenToLock(Substitute(folder))], Path.Combine(folder, "mobilevlm.pid"));

    /// <summary>Locks a file, which need not exist nor be writable.</summary>
    /// <param name="key">The setting that names it, for the message.</param>
    /// <param name="file">Its path.</param>
    /// <exception cref="StorageInUseException">Another process has it.</exception>
    public static InstanceLock TakeFile(string key, string file)
    {
        var target = Canonical(file);
        return Take(
            key, file, [() => FileCalls.OpenToLock($"{target}.lock"), () => FileCalls.OpenToLock(Substitute(file))], $"{target}.lock");
    }

    /// <summary>Releases the lock. May be called twice.</summary>
    public void Dispose()
    {
        if (_handle is { IsClosed: false })
        {
            LockHolder.Forget(_holderFile);
            _handle.Dispose();
        }
    }

    private static InstanceLock Take(string key, string path, Func<SafeFileHandle>[] ways, string holderFile)
    {
        foreach (var open in ways)
        {
            var handle = open();
            if (handle.IsInvalid)
            {
                handle.Dispose();
                continue;
            }

            var error = TryLock(handle);
            if (error == 0)
            {
                LockHolder.Write(holderFile);
                return new InstanceLock(handle, holderFile);
            }

            handle.Dispose();
            if (error == FileCalls.WouldBlock)
            {
                var holder = LockHolder.FindSoon(path, holderFile, WaitLimit) ?? "another process";
                throw new StorageInUseException(
                    $"{key}: '{path}' is in use by {holder}. Stop that one, or give this service its own {key}.");
            }
        }

        return new InstanceLock(null, null);
    }

    private static int TryLock(SafeFileHandle handle)
    {
        var error = FileCalls.TryLock(handle);
        for (var waited = TimeSpan.Zero; error == FileCalls.WouldBlock && waited < WaitLimit; waited += RetryEvery)
        {
            Thread.Sleep(RetryEvery);
            error = FileCalls.TryLock(handle);
        }

        return error;
    }

    /// <summary>Other users cannot open a file in this user's runtime folder and do not need to: they use their own, and a
    /// folder that they cannot lock they cannot write either.</summary>
    private static string Substitute(string path)
    {
        var folder = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } own && Directory.Exists(own)
            ? own
            : Path.GetTempPath();
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(path))))[..16];
        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"mobilevlm-{name}.lock"));
    }

    /// <summary>The path without links, as far as it exists.</summary>
    private static string Canonical(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { Length: > 0 } parent)
        {
            return full;
        }

        full = Path.Combine(Canonical(parent), Path.GetFileName(full));
        try
        {
            return new FileInfo(full).ResolveLinkTarget(returnFinalTarget: true) is { } target ? Canonical(target.FullName) : full;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It does not exist, or it is a broken link.
            return full;
        }
    }
}
