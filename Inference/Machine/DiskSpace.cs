using System.Globalization;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>The bytes that will be written into one folder.</summary>
/// <param name="What">For the message: <c>the download</c>.</param>
/// <param name="Folder">It need not exist yet.</param>
/// <param name="Bytes">Still to be written.</param>
public sealed record DiskRequirement(string What, string Folder, long Bytes);

/// <summary>Whether a disk has enough free space, checked before the first byte is written to it.</summary>
public static class DiskSpace
{
    /// <summary>Left free for the rest of the machine: a system disk that is full to the last byte stops more than this
    /// program.</summary>
    private const long Reserve = 64L << 20;

    /// <summary>Compares requirements with free space; those on one file system are added up.</summary>
    /// <param name="advice">Ends the message: what the user can do.</param>
    /// <param name="requirements">All that will be written.</param>
    /// <exception cref="IOException">There is not enough; the message has both numbers.</exception>
    public static void Require(string advice, params ReadOnlySpan<DiskRequirement> requirements)
    {
        foreach (var together in requirements.ToArray().GroupBy(requirement => Drive(requirement.Folder), StringComparer.Ordinal))
        {
            var needed = together.Sum(requirement => (decimal)requirement.Bytes) + Reserve;
            var free = new DriveInfo(together.Key).AvailableFreeSpace;
            if (needed > free)
            {
                var parts = string.Join(" and ", together.Select(part => $"{part.What} in {part.Folder} ({Text(part.Bytes)})"));
                throw new IOException(
                    $"Not enough disk: {parts} {(together.Count() == 1 ? "needs" : "need")} {Text(needed)} on {together.Key}, which has "
                    + $"{Text(free)} free. {advice}");
            }
        }
    }

    /// <summary>Free bytes where a file or folder is or will be.</summary>
    public static long Free(string path) => new DriveInfo(Drive(path)).AvailableFreeSpace;

    /// <summary>The file system of a folder if that is on another machine, for example <c>nfs4</c>; otherwise null.</summary>
    public static string? NetworkFormat(string path)
    {
        string[] network = ["nfs", "cifs", "smb", "fuse.sshfs", "fuse.s3fs", "9p", "ceph", "glusterfs", "afs"];
        var format = new DriveInfo(Drive(path)).DriveFormat;
        return network.Any(name => format.StartsWith(name, StringComparison.OrdinalIgnoreCase)) ? format : null;
    }

    /// <summary>A size for people: <c>2.35 GB</c> or <c>12.0 MB</c>.</summary>
    public static string Text(decimal bytes) => bytes >= 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000_000:0.00} GB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000:0.0} MB");

    /// <summary>The mount point that a folder is or will be on.</summary>
    private static string Drive(string folder)
    {
        var real = Real(folder);
        return DriveInfo.GetDrives().Select(drive => drive.Name)
            .Where(name => real == name || real.StartsWith(name.TrimEnd('/') + "/", StringComparison.Ordinal))
            .MaxBy(name => name.Length) ?? real;
    }

    /// <summary>The nearest folder that exists, with every link on the way replaced by its target.</summary>
    private static string Real(string folder)
    {
        var full = Path.GetFullPath(folder);
        var real = Path.GetPathRoot(full)!;
        foreach (var name in Path.GetRelativePath(real, full).Split(Path.DirectorySeparatorChar))
        {
            var next = new DirectoryInfo(Path.Combine(real, name));
            if (!next.Exists)
            {
                return real;
            }

            // The target may have links on its own way. A loop of links does not exist.
            real = next.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Real(target.FullName) : Path.GetFullPath(next.FullName);
        }

        return real;
    }
}
