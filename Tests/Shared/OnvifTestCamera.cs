using System.Diagnostics;
using System.Globalization;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>The ONVIF camera of <c>onvif-test-camera.py</c> on the loopback. Its user is <c>admin</c> with the password
/// <c>secret1</c>.</summary>
internal sealed class OnvifTestCamera : IDisposable
{
    public const string User = "admin";
    public const string Password = "secret1";

    private readonly Process _process;

    private OnvifTestCamera(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>The address of the device service of a camera with these deviations (<c>offset,nat</c>).</summary>
    public Uri Device(string deviations = "") => new(string.Create(
        CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}{(deviations.Length == 0 ? "" : $"/{deviations}")}/onvif/device_service"));

    /// <summary>The value of a camera's <c>Source</c> for the same address.</summary>
    public string Source(string deviations = "", string user = User) =>
        Device(deviations).ToString().Replace("http://", user.Length == 0 ? "onvif://" : $"onvif://{user}@", StringComparison.Ordinal);

    /// <summary>Starts the camera.</summary>
    /// <param name="rtspPort">The port of the streams in its answers.</param>
    /// <param name="discover">The interface and port at which it answers discovery probes; null answers none.</param>
    /// <param name="name">The name that it announces.</param>
    public static async Task<OnvifTestCamera> StartAsync(int rtspPort = 554, string? discover = null, string name = "Yard")
    {
        List<string> arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Shared", "onvif-test-camera.py"),
            "--rtsp-port", rtspPort.ToString(CultureInfo.InvariantCulture), "--name", name,
        ];
        if (discover is not null)
        {
            arguments.AddRange(["--discover", discover]);
        }

        var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        if (line is null || !line.StartsWith("ready ", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The test camera did not start: {line} {await process.StandardError.ReadToEndAsync()}");
        }

        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return new OnvifTestCamera(process, int.Parse(line["ready ".Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>The requests that it has received so far, as JSON.</summary>
    public async Task<string> LogAsync()
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(Device(), "/log"));
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
