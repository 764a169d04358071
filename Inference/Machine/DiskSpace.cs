using System.Globalization;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>Whether a disk has room, asked before the first byte is written to it.</summary>
internal static class DiskSpace
{
    /// <summary>Left free: a system disk that is full to the last byte stops more than this program.</summary>
    private const long Reserve = 64L * 1024 * 1024;

    /// <param name="folder">Full path; it need not exist yet.</param>
    /// <param name="bytes">What will be written.</param>
    /// <exception cref="IOException">There is less room; both sides are in the message.</exception>
    public static void Require(string folder, long bytes)
    {
        var existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (free - Reserve < bytes)
        {
            throw new IOException(
                $"'{folder}' needs {Text(bytes)}, and {existing} has {Text(free)} free ({Text(Reserve)} of it are left alone). "
                + "Free some, or name a folder on another disk.");
        }
    }

    private static string Text(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");
}
