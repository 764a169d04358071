using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>The machine that numbers belong to.</summary>
internal sealed record MachineDescription
{
    /// <summary>Above this share of its processors in use, a box is busy with other work.</summary>
    public const double BusyShare = 0.5;

    private static readonly string[] KnownInstructions =
        ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"];

    /// <summary>As the processor calls itself, with the board's name where there is one.</summary>
    public required string Cpu { get; init; }

    public required string Architecture { get; init; }

    public required int Processors { get; init; }

    /// <summary>Of those that matter for matrix products.</summary>
    public required IReadOnlyList<string> Instructions { get; init; }

    /// <summary>Bytes of the last cache; 0 when the system does not tell.</summary>
    public required long LastCacheBytes { get; init; }

    public required long MemoryBytes { get; init; }

    public required string System { get; init; }

    public required string Kernel { get; init; }

    /// <summary>Frequency governor of the first processor; null where there is none (virtual machines).</summary>
    public string? Governor { get; init; }

    public required string Program { get; init; }

    public required string OnnxRuntime { get; init; }

    public required string DotNet { get; init; }

    /// <summary>Average of the last minute, before anything was measured.</summary>
    public required double LoadAverage { get; init; }

    public bool IsBusy => LoadAverage > BusyShare * Processors;

    public static MachineDescription Read() => new()
    {
        Cpu = ReadCpu(),
        Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        Processors = Environment.ProcessorCount,
        Instructions = [.. KnownInstructions.Intersect((Field("flags") ?? Field("Features") ?? "").Split(' '))],
        LastCacheBytes = ReadLastCache(),
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        System = RuntimeInformation.OSDescription,
        Kernel = FirstLine("/proc/sys/kernel/osrelease") ?? Environment.OSVersion.VersionString,
        Governor = FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        Program = typeof(MachineDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?",
        OnnxRuntime = MatrixCeiling.RuntimeVersion,
        DotNet = Environment.Version.ToString(),
        LoadAverage = double.TryParse(
            FirstLine("/proc/loadavg")?.Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var load) ? load : 0,
    };

    private static string ReadCpu()
    {
        // Arm processors have numbers instead of a name; the board says more.
        var name = Field("model name")
            ?? (Field("CPU part") is { } part ? $"Arm implementer {Field("CPU implementer")} part {part}" : "unknown");
        return FirstLine("/sys/firmware/devicetree/base/model") is { } board ? $"{board.TrimEnd('\0')}, {name}" : name;
    }

    private static long ReadLastCache()
    {
        const string Folder = "/sys/devices/system/cpu/cpu0/cache";
        return Directory.Exists(Folder)
            ? Directory.EnumerateDirectories(Folder, "index*")
                .Select(index => FirstLine(Path.Combine(index, "size")))
                .Select(size => size?[^1] switch
                {
                    'K' => 1024 * long.Parse(size[..^1], CultureInfo.InvariantCulture),
                    'M' => 1024 * 1024 * long.Parse(size[..^1], CultureInfo.InvariantCulture),
                    _ => 0,
                })
                .DefaultIfEmpty()
                .Max()
            : 0;
    }

    /// <summary>Of the first processor that has it.</summary>
    private static string? Field(string name) => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo")
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0] == name)?[1]
        : null;

    private static string? FirstLine(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadLines(path).FirstOrDefault() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Hidden in some containers; a description does without it.
            return null;
        }
    }
}

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

    /// <summary>Lets the peak begin anew, so that it tells of the model and not of what measured the box.</summary>
    /// <returns>False where the kernel does not allow it; the peak stays an upper bound.</returns>
    public static bool TryForgetPeak()
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
