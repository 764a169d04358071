using System.Diagnostics.Metrics;
using System.Globalization;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Reads the temperatures that Linux reports, if the machine has sensors. A hot machine reduces its clock rate.</summary>
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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A disabled sensor returns an error instead of a value.
            return null;
        }
    }
}
