using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Finds the process that holds a lock: from the kernel's list or, when that cannot be read, from a small file that
/// the process wrote. The file only names the process; it never decides whether the lock is held.</summary>
internal static class LockHolder
{
    private const string KernelList = "/proc/locks";

    /// <summary>The same as <see cref="Find"/>, for a process that has taken the lock this moment and has not written its file yet.</summary>
    public static string? FindSoon(string path, string holderFile, TimeSpan limit)
    {
        var locked = FileIdentity.Of(holderFile) is { IsRegularFile: true } file && holderFile.EndsWith(".lock", StringComparison.Ordinal)
            ? file
            : FileIdentity.Of(path);
        var found = Find(locked, holderFile);
        for (var waited = 0; found is null && waited < limit.TotalMilliseconds; waited += 25)
        {
            Thread.Sleep(25);
            found = Find(locked, holderFile);
        }

        return found;
    }

    /// <returns>As part of a sentence: <c>process 123</c>; null when it is not known.</returns>
    public static string? Find(FileIdentity? locked, string holderFile) =>
        InKernelList(locked) is { } id ? $"process {id.ToString(CultureInfo.InvariantCulture)}" : InFile(holderFile);

    /// <summary>Writes this process's id. Nothing is written when the folder cannot be written.</summary>
    public static void Write(string file) => Put(
        file, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n{Namespace() ?? "-"}\n"));

    /// <summary>Empties the file. It stays, because another process may be about to lock it.</summary>
    public static void Forget(string? file)
    {
        if (file is not null)
        {
            Put(file, "");
        }
    }

    // Not with File.WriteAllText, which takes its own lock and conflicts with ours.
    private static void Put(string file, string text)
    {
        try
        {
            using var handle = FileCalls.OpenToLock(file);
            if (!handle.IsInvalid && FileIdentity.Of(file) is { IsRegularFile: true })
            {
                RandomAccess.SetLength(handle, 0);
                RandomAccess.Write(handle, Encoding.ASCII.GetBytes(text), 0);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // The kernel's list has it, too.
            _ = fault;
        }
    }

    // 1: FLOCK  ADVISORY  WRITE 1234 08:01:12345 0 EOF
    private static int? InKernelList(FileIdentity? locked)
    {
        if (locked is not { } file)
        {
            return null;
        }

        try
        {
            var place = string.Create(
                CultureInfo.InvariantCulture, $"{file.Device >> 32:x2}:{file.Device & uint.MaxValue:x2}:{file.Inode}");
            foreach (var line in File.ReadLines(KernelList))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words is [_, "FLOCK", _, "WRITE", var id, var where, ..] && where == place
                    && int.TryParse(id, CultureInfo.InvariantCulture, out var process) && process > 0)
                {
                    return process;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _ = fault;
        }

        return null;
    }

    private static string? InFile(string file)
    {
        try
        {
            using var handle = FileCalls.OpenForReading(file);
            if (handle.IsInvalid || FileIdentity.Of(file) is not { IsRegularFile: true })
            {
                return null;
            }

            Span<byte> content = stackalloc byte[200];
            var text = Encoding.ASCII.GetString(content[..RandomAccess.Read(handle, content, 0)]);
            if (text.Split('\n') is not [var id, var space, ""] || !int.TryParse(id, CultureInfo.InvariantCulture, out var process))
            {
                return null;
            }

            return Namespace() is not { } mine || mine == space
                ? Directory.Exists($"/proc/{id}") ? $"process {process.ToString(CultureInfo.InvariantCulture)}" : null
                : $"a process in another container (process {process.ToString(CultureInfo.InvariantCulture)} there)";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    private static string? Namespace()
    {
        try
        {
            return new FileInfo("/proc/self/ns/pid").LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
