using System.Globalization;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>What will be written into one folder.</summary>
/// <param name="What">For the message: <c>the download</c>.</param>
/// <param name="Folder">It need not exist yet.</param>
/// <param name="Bytes">Still to come.</param>
internal sealed record DiskRequirement(string What, string Folder, long Bytes)
{
    /// <summary>Left free for the rest of the box, and for the steps that file systems take.</summary>
    private const long Reserve = 64L << 20;

    /// <summary>Compares needs with free space; those on one file system are added up.</summary>
    /// <exception cref="IOException">There is not enough; the message has both numbers.</exception>
    public static void Check(params ReadOnlySpan<DiskRequirement> needs)
    {
        var drives = new Dictionary<string, List<DiskRequirement>>(StringComparer.Ordinal);
        foreach (var need in needs)
        {
            var drive = Drive(need.Folder);
            drives.TryAdd(drive, []);
            drives[drive].Add(need);
        }

        foreach (var (drive, together) in drives)
        {
            var needed = together.Sum(need => (decimal)need.Bytes) + Reserve;
            var free = new DriveInfo(drive).AvailableFreeSpace;
            if (needed > free)
            {
                throw new IOException(
                    $"Not enough disk: {string.Join(" and ", together.Select(n => $"{n.What} in {n.Folder} ({Text(n.Bytes)})"))} "
                    + $"need {Text(needed)} on {drive}, which has {Text(free)} free. Make room, or put them on another disk: "
                    + "DIR for the model, XDG_CACHE_HOME for the download. Nothing was downloaded.");
            }
        }
    }

    /// <summary>Free bytes where a file or folder is or will be.</summary>
    public static long Free(string path) => new DriveInfo(Drive(path)).AvailableFreeSpace;

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

    /// <summary>The nearest folder that exists, with a link at its end replaced by what it means.</summary>
    private static string Real(string folder)
    {
        var info = new DirectoryInfo(folder);
        while (!info.Exists && info.Parent is { } parent)
        {
            info = parent;
        }

        return (info.ResolveLinkTarget(returnFinalTarget: true) ?? info).FullName;
    }
}
