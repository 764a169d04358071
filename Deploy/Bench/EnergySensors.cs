using System.Globalization;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Finds the machine's sensors of energy in the kernel's files.</summary>
internal static class EnergySensors
{
    /// <summary>Rails that carry all that a Jetson module uses, by the labels of its INA3221 sensors: one input rail (Orin NX, Orin
    /// Nano, Xavier NX; older Nano), or three that together are the module's (AGX Orin). Other labels are parts of these.</summary>
    private static readonly string[][] ModuleRails =
    [
        ["VDD_IN"], ["POM_5V_IN"], ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"],
    ];

    /// <summary>Finds the sensors, those nearest to the whole machine first: the inputs of a Jetson module, a power meter of ACPI,
    /// RAPL's counters of the processors.</summary>
    /// <param name="sys">Root of sysfs.</param>
    /// <returns>The source, or the reason why there is none.</returns>
    public static (EnergySource? Source, string? Reason) Find(string sys = "/sys")
    {
        try
        {
            var hwmon = Hwmon(sys);
            if (Jetson(hwmon) is { } module)
            {
                return (module, null);
            }

            if (Meter(hwmon) is { } meter)
            {
                return (meter, null);
            }

            var counters = Rapl(sys);
            if (counters.Count > 0)
            {
                return FirstUnreadable(counters) is { } path
                    ? (null, $"{path} may be read by root only, so energy is not measured. Run the command as root, or let your user read the file.")
                    : (new RaplCounters(counters), null);
            }

            return hwmon.FirstOrDefault(sensor => sensor.Name == "ina3221") is { Folder: not null } ina
                ? (null, $"The rails of {ina.Folder} have unknown labels ({string.Join(", ", Labels(ina.Folder).Select(l => l.Label))}), so energy is not measured.")
                : (null, "This machine reports no energy: it has no RAPL counters, no rails of a Jetson and no ACPI power meter. Virtual machines usually have none.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"Energy is not measured: {e.Message}");
        }
    }

    private static List<(string Folder, string Name)> Hwmon(string sys)
    {
        var folder = Path.Combine(sys, "class", "hwmon");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)
                .Where(sensor => File.Exists(Path.Combine(sensor, "name")))
                .Select(sensor => (sensor, File.ReadAllText(Path.Combine(sensor, "name")).Trim()))]
            : [];
    }

    private static PowerRails? Jetson(List<(string Folder, string Name)> hwmon)
    {
        var rails = hwmon.Where(sensor => sensor.Name == "ina3221").SelectMany(sensor => Labels(sensor.Folder))
            .Select(l => new PowerRails.Rail(
                l.Label, Path.Combine(l.Folder, $"in{l.Channel}_input"), Path.Combine(l.Folder, $"curr{l.Channel}_input")))
            .Where(rail => File.Exists(rail.Value) && File.Exists(rail.MilliAmperes))
            .ToList();
        var labels = ModuleRails.FirstOrDefault(names => names.All(name => rails.Any(rail => rail.Name == name)));
        return labels is null ? null : new PowerRails("INA3221", [.. labels.Select(name => rails.First(rail => rail.Name == name))]);
    }

    private static IEnumerable<(string Folder, int Channel, string Label)> Labels(string folder) =>
        Enumerable.Range(1, 3)
            .Select(channel => (channel, Path: Path.Combine(folder, $"in{channel}_label")))
            .Where(l => File.Exists(l.Path))
            .Select(l => (folder, l.channel, File.ReadAllText(l.Path).Trim()));

    private static PowerRails? Meter(List<(string Folder, string Name)> hwmon)
    {
        PowerRails.Rail[] meters = [.. hwmon.Where(sensor => sensor.Name == "power_meter")
            .SelectMany(sensor => (string[])[Path.Combine(sensor.Folder, "power1_input"), Path.Combine(sensor.Folder, "power1_average")])
            .Where(File.Exists)
            .Take(1)
            .Select(path => new PowerRails.Rail(Path.GetFileName(path), path))];
        return meters.Length > 0 ? new PowerRails("ACPI power meter", meters) : null;
    }

    /// <summary>Packages and memory: other parts below a package are counted in it, and <c>psys</c> counts packages again.</summary>
    private static List<RaplCounters.Counter> Rapl(string sys)
    {
        var folder = Path.Combine(sys, "class", "powercap");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateDirectories(folder, "intel-rapl:*").Order(StringComparer.Ordinal)
                .Where(domain => File.Exists(Path.Combine(domain, "name")) && File.Exists(Path.Combine(domain, "energy_uj")))
                .Select(domain => (Folder: domain, Name: File.ReadAllText(Path.Combine(domain, "name")).Trim()))
                .Where(domain => domain.Name.StartsWith("package", StringComparison.Ordinal) || domain.Name == "dram")
                .Select(domain => new RaplCounters.Counter(
                    domain.Name, Path.Combine(domain.Folder, "energy_uj"), Range(Path.Combine(domain.Folder, "max_energy_range_uj"))))]
            : [];
    }

    private static double Range(string path) =>
        File.Exists(path) && double.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out var range) ? range : uint.MaxValue;

    private static string? FirstUnreadable(IEnumerable<RaplCounters.Counter> counters) => counters.Select(c => c.Path).FirstOrDefault(path =>
    {
        try
        {
            using var file = File.OpenRead(path);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    });
}
