using System.Globalization;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Runs mosquitto's own clients, which share no code with this project.</summary>
public static class MosquittoTool
{
    /// <summary>Runs a client to its end.</summary>
    /// <returns>The client's standard output.</returns>
    /// <exception cref="InvalidOperationException">The client failed.</exception>
    public static string Run(string program, Uri broker, IEnumerable<string> arguments)
    {
        using var process = Mosquitto.Run(
            program,
            "mosquitto-clients",
            ["-h", broker.Host, "-p", broker.Port.ToString(CultureInfo.InvariantCulture), .. arguments]);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.GetAwaiter().GetResult()
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors}");
    }
}
