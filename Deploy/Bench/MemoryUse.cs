using System.Globalization;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Memory of this process, in bytes, as the kernel counts it.</summary>
/// <param name="Resident">Now (<c>VmRSS</c>).</param>
/// <param name="Peak">The most so far (<c>VmHWM</c>).</param>
/// <param name="NotMapped">Of the resident, what is not mapped from files (<c>RssAnon</c>).</param>
internal sealed record MemoryUse(long Resident, long Peak, long NotMapped)
{
    public static MemoryUse Now()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status))
        {
            return new MemoryUse(Environment.WorkingSet, Environment.WorkingSet, 0);
        }

        var fields = File.ReadLines(Status)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[0], parts => parts[1]);
        long Bytes(string name) => fields.TryGetValue(name, out var text)
            ? 1024 * long.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture)
            : 0;
        return new MemoryUse(Bytes("VmRSS"), Bytes("VmHWM"), Bytes("RssAnon"));
    }

    /// <summary>Resets the peak, so that it measures the model and not the ceilings that were measured before.</summary>
    /// <returns>False where the kernel does not allow it; the peak stays an upper bound.</returns>
    public static bool TryResetPeak()
    {
        GC.Collect();
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
