using System.Runtime.InteropServices;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Whether files and folders can be used, asked of the kernel without touching them.</summary>
internal static class StateAccess
{
    private const int Execute = 1;
    private const int Write = 2;

    // EROFS.
    private const int ReadOnlyFileSystem = 30;

    /// <summary>The reason why files cannot be written in a folder, which need not exist yet; null when they can.</summary>
    public static string? FindWriteFault(string folder)
    {
        var nearest = NearestExisting(folder);
        if (nearest is null || File.Exists(nearest))
        {
            return $"'{nearest ?? folder}' is not a folder";
        }

        if (Access(nearest, Write | Execute) == 0)
        {
            return null;
        }

        if (Marshal.GetLastPInvokeError() == ReadOnlyFileSystem)
        {
            return $"the disk of '{nearest}' is mounted read-only; mount it for writing, or look in dmesg why the kernel did not";
        }

        var reason = Marshal.GetLastPInvokeErrorMessage();
        return nearest == folder
            ? $"the user '{Environment.UserName}' cannot write to it ({reason})"
            : $"the user '{Environment.UserName}' cannot create it in '{nearest}' ({reason})";
    }

    /// <summary>Which of the folder for state and the outbox cannot be written, by the key that was written. The service
    /// starts and answers without them.</summary>
    public static IEnumerable<(string Key, string Path, string Message)> StateFaults(EdgeConfiguration configuration)
    {
        if (configuration.StateFolder is { } state && FindWriteFault(state) is { } fault)
        {
            yield return configuration.Options.StateFolder is null
                ? ("STATE_DIRECTORY", state, $"cannot be used: {fault}; systemd sets this variable from StateDirectory= in the unit")
                : ($"{EdgeOptions.Section}:StateFolder", state,
                    $"cannot be used: {fault}; name a folder of this user's, or leave StateFolder out: then nothing is kept over a restart");
        }

        if (configuration.Options.Outbox.Path is not null && configuration.ToOutboxSettings() is { } outbox
            && FindWriteFault(Path.GetDirectoryName(outbox.Path)!) is { } outboxFault)
        {
            yield return ($"{EdgeOptions.Section}:Outbox:Path", outbox.Path,
                $"cannot be used: in its folder, {outboxFault}; name a file in a folder of this user's, or leave Outbox:Path out");
        }
    }

    private static string? NearestExisting(string folder)
    {
        for (var path = folder; path is not null; path = Path.GetDirectoryName(path))
        {
            if (Path.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    [DllImport("libc", EntryPoint = "access", SetLastError = true)]
    private static extern int Access([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);
}
