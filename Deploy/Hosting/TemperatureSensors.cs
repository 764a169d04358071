using System.Diagnostics.Metrics;
using System.Globalization;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The temperatures that Linux tells, where the box has sensors: a hot one is a slow one.</summary>
internal static class TemperatureSensors
{
    private const string Folder = "/sys/class/thermal";

    public static IEnumerable<Measurement<double>> Read()
    {
        var zones = Directory.Exists(Folder) ? Directory.GetDirectories(Folder, "thermal_zone*") : [];
        foreach (var zone in zones)
        {
            if (Line(zone, "temp") is { } text
                && double.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var thousandths))
            {
                yield return new Measurement<double>(
                    thousandths / 1000, new KeyValuePair<string, object?>("sensor", Line(zone, "type") ?? Path.GetFileName(zone)));
            }
        }
    }

    private static string? Line(string zone, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(zone, file)).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A sensor that is switched off gives an error for its value.
            return null;
        }
    }
}
