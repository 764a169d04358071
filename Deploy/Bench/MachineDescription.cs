using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>The machine that a benchmark ran on.</summary>
internal sealed record MachineDescription
{
    /// <summary>Above this load per processor, the machine is busy with other work.</summary>
    public const double BusyShare = 0.5;

    /// <summary>Name of the processor, after the board's name where there is one.</summary>
    public required string Cpu { get; init; }

    public required string Architecture { get; init; }

    public required int Processors { get; init; }

    /// <summary>Instructions that matter for matrix products.</summary>
    public required IReadOnlyList<string> Instructions { get; init; }

    /// <summary>Bytes of the last cache; 0 where the system does not report it.</summary>
    public required long LastCacheBytes { get; init; }

    public required long MemoryBytes { get; init; }

    public required string System { get; init; }

    public required string Kernel { get; init; }

    /// <summary>Frequency governor of the first processor; null where there is none (virtual machines).</summary>
    public string? Governor { get; init; }

    public required string Program { get; init; }

    public required string OnnxRuntime { get; init; }

    public required string DotNet { get; init; }

    /// <summary>Load average of the last minute, before anything was measured.</summary>
    public required double LoadAverage { get; init; }

    public bool IsBusy => LoadAverage > BusyShare * Processors;

    public static MachineDescription Read() => new()
    {
        Cpu = ReadCpu(),
        Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        Processors = Environment.ProcessorCount,
        Instructions = ProcessorFeatures.ThisMachine.Instructions,
        LastCacheBytes = ReadLastCache(),
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        System = RuntimeInformation.OSDescription,
        Kernel = FirstLine("/proc/sys/kernel/osrelease") ?? Environment.OSVersion.VersionString,
        Governor = FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        Program = typeof(MachineDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?",
        OnnxRuntime = OnnxRuntimeLibrary.LoadedVersion,
        DotNet = Environment.Version.ToString(),
        LoadAverage = double.TryParse(
            FirstLine("/proc/loadavg")?.Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var load) ? load : 0,
    };

    private static string ReadCpu()
    {
        // Arm processors have numbers instead of a name; the board's name is more useful.
        var name = ProcessorFeatures.ThisMachine.Description;
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
