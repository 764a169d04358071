using System.Globalization;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks whether the temperature that <c>Pace:MaxTemperature</c> limits can be read.</summary>
internal static class TemperatureChecks
{
    private const string Subject = "temperature";

    /// <summary>Nothing without a limit.</summary>
    public static IEnumerable<Finding> Run(PaceOptions pace, DeviceTemperature board)
    {
        if (pace.MaxTemperature is not { } limit)
        {
            yield break;
        }

        if (board.Read() is not { } reading)
        {
            var all = board.All
                .Select(sensor => (sensor.Name, Celsius: sensor.Read()))
                .Where(sensor => sensor.Celsius is not null)
                .Select(sensor => $"'{sensor.Name}' ({Degrees(sensor.Celsius!.Value)})")
                .Distinct()
                .ToList();
            var what = pace.Sensor is { } name
                ? $"the sensor '{name}' of Pace:Sensor cannot be read"
                : "no sensor of the processor or the GPU was found";
            yield return Finding.Note(
                Subject,
                $"{what}, so Pace:MaxTemperature limits nothing",
                all.Count > 0
                    ? $"Set Pace:Sensor to one of this machine's: {string.Join(", ", all)}."
                    : "This machine reports no temperature (virtual machines and containers often do not). Set Pace:Sensor to a file that has one, or leave Pace:MaxTemperature out.");
            yield break;
        }

        var found = $"{reading.Sensor} has {Degrees(reading.Celsius)}; Pace:MaxTemperature is {Degrees(limit)}";
        yield return reading.Celsius < limit
            ? Finding.Fine(Subject, found)
            : Finding.Note(Subject, found, "The service asks questions less often until the board is cooler. Check its cooling, or raise Pace:MaxTemperature if the board stands more.");
    }

    private static string Degrees(double celsius) => $"{celsius.ToString("0.#", CultureInfo.InvariantCulture)} °C";
}
