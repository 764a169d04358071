using System.Text.RegularExpressions;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The temperature that <c>Pace:MaxTemperature</c> limits: of one configured sensor, or the hottest one of the processor, the GPU
/// and what is on the same chip. Thread-safe.</summary>
internal sealed partial class DeviceTemperature
{
    /// <summary>Monitors of processors, for machines without a thermal zone of them.</summary>
    private static readonly string[] ProcessorMonitors = ["coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal", "scpi_sensors"];

    private readonly string _sys;
    private readonly string? _sensor;

    /// <param name="sensor">The configured sensor: its name or a file; null to choose.</param>
    /// <param name="sys">Root of sysfs.</param>
    public DeviceTemperature(string? sensor, string sys = TemperatureSensors.Sys) => (_sensor, _sys) = (sensor, sys);

    /// <summary>The sensors that count. Looked up at each reading, because a zone can appear later than the service.</summary>
    public IReadOnlyList<TemperatureSensor> Sensors => _sensor switch
    {
        ['/', ..] file => [new TemperatureSensor(file, file)],
        { } name => [.. All.Where(sensor => sensor.Name.Equals(name, StringComparison.OrdinalIgnoreCase))],
        null => TemperatureSensors.Zones(_sys).Where(zone => IsOfChip(zone.Name) && zone.Read() is not null).ToList() is { Count: > 0 } zones
            ? zones
            : [.. TemperatureSensors.Monitors(_sys).Where(monitor => ProcessorMonitors.Contains(monitor.Name.Split('/')[0]))],
    };

    /// <summary>All sensors of the machine, for messages.</summary>
    public IEnumerable<TemperatureSensor> All => TemperatureSensors.Zones(_sys).Concat(TemperatureSensors.Monitors(_sys));

    /// <summary>The hottest one now; null when none can be read.</summary>
    public TemperatureReading? Read() => Sensors
        .Select(sensor => (sensor.Name, Celsius: sensor.Read()))
        .Where(sensor => sensor.Celsius is not null)
        .OrderByDescending(sensor => sensor.Celsius)
        .Select(sensor => new TemperatureReading(sensor.Celsius!.Value, sensor.Name))
        .FirstOrDefault();

    /// <summary>Whether a zone is on the chip that computes. Batteries, chargers, radios, cameras, disks and power supplies have limits of their own, and
    /// the zones that ACPI or a PMIC report are often constant.</summary>
    internal static bool IsOfChip(string zone) => Chip().IsMatch(zone) && !Other().IsMatch(zone);

    [GeneratedRegex("cpu|gpu|npu|nsp|soc|core|cluster|package|pkg|apss|^tj|^cv[0-9]|junction", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Chip();

    // "soc" alone is the state of charge of a battery, on boards made for phones.
    [GeneratedRegex("^soc$|batt|bms|charg|usb|pmic|pm[0-9]|wifi|wlan|modem|mdm|camera|nvme|ddr|skin|xo|pch|acpi|board|-step|-lowf", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Other();
}
