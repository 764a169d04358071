using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Deploy.Http;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Reads load, memory and temperatures from Linux. What cannot be read is left out.</summary>
internal static class DeviceReadings
{
    private const string LoadFile = "/proc/loadavg";

    /// <summary>Lets the live page show the state of the machine and the lines that are logged from now on.</summary>
    /// <param name="http">The server of the page.</param>
    /// <param name="loggers">The log.</param>
    public static void ShowDevice(this HttpFrontEnd http, ILoggerFactory loggers)
    {
        http.Device = Read;
        loggers.AddProvider(new LogTailProvider(http.Log, TimeProvider.System));
    }

    /// <summary>The state of the machine now.</summary>
    public static DeviceView Read() => new()
    {
        Load = [.. Lines(LoadFile).Take(1).SelectMany(line => line.Split(' ').Take(3)).Select(Number).OfType<double>()],
        Temperatures = [.. TemperatureSensors.Read().Select(reading => ((string)reading.Tags[0].Value!, reading.Value))],
        MemoryBytes = MachineMemory.ReadInfo("MemTotal"),
        AvailableMemoryBytes = MachineMemory.ReadInfo("MemAvailable"),
    };

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            // Another operating system, or a container that hides it.
            return [];
        }
    }
}
