using System.Globalization;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Memory of the machine, or of the container that this runs in, in bytes.</summary>
/// <param name="Total">All of it.</param>
/// <param name="Available">What can be allocated without swapping; the total where the kernel does not report it.</param>
internal sealed record MachineMemory(long Total, long Available)
{
    private const string Info = "/proc/meminfo";

    public static MachineMemory Read()
    {
        // The runtime knows the limit of a container, /proc/meminfo does not.
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new MachineMemory(total, Math.Min(total, ReadInfo("MemAvailable") ?? total));
    }

    public override string ToString() => $"{Gigabytes(Total)}, {Gigabytes(Available)} available";

    /// <summary>A size for people.</summary>
    public static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0 'GB'", CultureInfo.InvariantCulture);

    /// <summary>A size that the kernel reports for the whole machine, whatever the limit of a container is.</summary>
    /// <param name="name">As in /proc/meminfo, for example <c>MemTotal</c>.</param>
    /// <returns>In bytes; null where the kernel does not report it.</returns>
    public static long? ReadInfo(string name)
    {
        try
        {
            var line = File.ReadLines(Info).FirstOrDefault(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..]
                && long.TryParse(kibibytes, CultureInfo.InvariantCulture, out var number) ? 1024 * number : null;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            // Another operating system, or a container that hides it.
            return null;
        }
    }
}
