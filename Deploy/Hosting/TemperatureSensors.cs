using System.Diagnostics.Metrics;
using System.Globalization;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Reads the temperatures that Linux reports, if the machine has sensors. A hot machine reduces its clock rate.</summary>
internal static class TemperatureSensors
{
    /// <summary>Root of sysfs.</summary>
    public const string Sys = "/sys";

    /// <summary>A processor that runs is between these. Kernels report -256, -274 or 0 for a zone that is broken or switched off, and large
    /// numbers for one without a sensor.</summary>
    private const double Lowest = -40;

    private const double Highest = 130;

    /// <summary>The temperatures of all zones, for metrics and the page.</summary>
    public static IEnumerable<Measurement<double>> Read() => Zones(Sys)
        .Select(sensor => (sensor.Name, Celsius: sensor.Read()))
        .Where(sensor => sensor.Celsius is not null)
        .Select(sensor => new Measurement<double>(sensor.Celsius!.Value, new KeyValuePair<string, object?>("sensor", sensor.Name)));

    /// <summary>The thermal zones of the kernel.</summary>
    /// <param name="sys">Root of sysfs.</param>
    public static IEnumerable<TemperatureSensor> Zones(string sys) => Folders(Path.Combine(sys, "class", "thermal"), "thermal_zone*")
        .Select(zone => new TemperatureSensor(Line(Path.Combine(zone, "type")) ?? Path.GetFileName(zone), Path.Combine(zone, "temp")));

    /// <summary>The sensors of hardware monitors: <c>NAME</c>, or <c>NAME/LABEL</c> where a channel has a label.</summary>
    /// <param name="sys">Root of sysfs.</param>
    public static IEnumerable<TemperatureSensor> Monitors(string sys) =>
        from folder in Folders(Path.Combine(sys, "class", "hwmon"), "hwmon*")
        let name = Line(Path.Combine(folder, "name")) ?? Path.GetFileName(folder)
        from input in Files(folder, "temp*_input")
        let label = Line(input[..^"_input".Length] + "_label")
        select new TemperatureSensor(label is null ? name : $"{name}/{label}", input);

    /// <summary>Reads a file in which the kernel reports a temperature.</summary>
    /// <param name="file">Thousandths of a degree Celsius; some kernels write whole degrees.</param>
    /// <returns>Degrees Celsius; null when it cannot be read or cannot be a temperature of a running processor.</returns>
    public static double? ReadFile(string file)
    {
        if (Line(file) is not { } text || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return null;
        }

        // No board has a hundredth of a degree above zero; a value of that size is in degrees.
        var celsius = Math.Abs(value) is >= 10 and <= 200 ? value : value / 1000;
        return celsius != 0 && celsius is > Lowest and < Highest ? celsius : null;
    }

    private static string? Line(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A disabled sensor returns an error instead of a value.
            return null;
        }
    }

    private static string[] Folders(string folder, string pattern)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.GetDirectories(folder, pattern).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string[] Files(string folder, string pattern)
    {
        try
        {
            return [.. Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The device was removed meanwhile.
            return [];
        }
    }
}

/// <summary>One sensor.</summary>
/// <param name="Name">As the kernel names it.</param>
/// <param name="File">The file with its value.</param>
internal sealed record TemperatureSensor(string Name, string File)
{
    /// <summary>Degrees Celsius; null when it cannot be read.</summary>
    public double? Read() => TemperatureSensors.ReadFile(File);
}
