using System.Runtime.InteropServices;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Checks whether files and folders can be written, without changing them: the kernel answers.</summary>
internal static class StateAccess
{
    private const int Execute = 1;
    private const int Write = 2;

    // EROFS.
    private const int ReadOnlyFileSystem = 30;

    /// <summary>The reason why files cannot be written in a folder, which need not exist yet; null if they can.</summary>
    public static string? FindWriteError(string folder)
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
            return $"the disk of '{nearest}' is mounted read-only; mount it for writing, or check in dmesg why the kernel did not";
        }

        var reason = Marshal.GetLastPInvokeErrorMessage();
        return nearest == folder
            ? $"the user '{Environment.UserName}' cannot write to it ({reason})"
            : $"the user '{Environment.UserName}' cannot create it in '{nearest}' ({reason})";
    }

    /// <summary>Lists which of state folder and outbox cannot be written, with the key that the operator wrote. The service starts
    /// and answers without them.</summary>
    public static IEnumerable<(string Key, string Path, string Message)> StateErrors(EdgeConfiguration configuration)
    {
        if (configuration.StateFolder is { } state && FindWriteError(state) is { } error)
        {
            yield return configuration.Options.StateFolder is null
                ? (ConfigurationSources.StateVariable, state, $"cannot be used: {error}; systemd sets this variable from StateDirectory= in the unit")
                : ($"{EdgeOptions.Section}:StateFolder", state,
                    $"cannot be used: {error}; name a folder of this user, or leave StateFolder out: then nothing is kept over a restart");
        }

        if (configuration.Options.Outbox.Path is not null && configuration.ToOutboxSettings() is { } outbox
            && FindWriteError(Path.GetDirectoryName(outbox.Path)!) is { } outboxError)
        {
            yield return ($"{EdgeOptions.Section}:Outbox:Path", outbox.Path,
                $"cannot be used: in its folder, {outboxError}; name a file in a folder of this user, or leave Outbox:Path out");
        }
    }

    /// <summary>Why the history cannot be written, with the key that the operator wrote; null if it can, or none is kept.</summary>
    public static (string Key, string Path, string Message)? HistoryError(EdgeConfiguration configuration) =>
        configuration.ToHistorySettings() is { } history && FindWriteError(history.Folder) is { } error
            ? ($"{EdgeOptions.Section}:History:Folder", history.Folder,
                $"cannot be used: {error}; name a folder of this user, or leave History out: then nothing is stored")
            : null;

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
