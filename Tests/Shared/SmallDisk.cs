using System.Diagnostics;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>A small file system in memory (tmpfs) that a test can fill or mount read-only. Mounting needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <summary>Mounts a disk.</summary>
    /// <param name="folder">The folder in which a new folder is created for the mount.</param>
    /// <param name="limits">Options of tmpfs, for example <c>size=2m</c> or <c>nr_inodes=10</c>.</param>
    public static SmallDisk Mount(string folder, string limits)
    {
        var path = Directory.CreateDirectory(System.IO.Path.Combine(folder, "disk")).FullName;
        Run("mount", "-t", "tmpfs", "-o", limits, "tmpfs", path);
        return new SmallDisk(path);
    }

    /// <summary>Whether disks can be mounted on this machine.</summary>
    public static bool CanMount()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return false;
        }

        var folder = Directory.CreateTempSubdirectory("small-disk-").FullName;
        try
        {
            Mount(folder, "size=64k").Dispose();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Changes the mount options, for example to read-only; that fails while a file is open for writing.</summary>
    public void Remount(string options) => Run("mount", "-o", $"remount,{options}", Path);

    public void Dispose() => Run("umount", "-l", Path);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors}");
        }
    }
}
