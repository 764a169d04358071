using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>A real RTSP server on the loopback, in a process that can be killed and frozen.</summary>
internal sealed class RtspTestServer : IDisposable
{
    private const int Stop = 19;
    private const int Continue = 18;

    // Debian's own interpreter, because others in the PATH do not find its GStreamer bindings.
    private const string Python = "/usr/bin/python3";

    private readonly Process _process;

    private RtspTestServer(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"rtsp://127.0.0.1:{Port}/stream");

    /// <summary>Serves a moving test pattern, or <paramref name="clip"/> (H.264 in MP4).</summary>
    /// <param name="port">The port; 0 uses a free one.</param>
    /// <param name="clip">The path of the clip.</param>
    /// <param name="sizes">The frame sizes to use in turn within the stream (<c>480x360,640x480</c>).</param>
    /// <param name="login">The required user and password (<c>joe:secret</c>).</param>
    /// <param name="scene"><c>still</c>: nothing moves. <c>freezing</c>: each connection moves for three seconds and then repeats one
    /// frame with advancing timestamps.</param>
    public static async Task<RtspTestServer> StartAsync(
        int port = 0, string? clip = null, string? sizes = null, string? login = null, string? scene = null)
    {
        var start = new ProcessStartInfo(Python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Shared", "rtsp-test-server.py"));
        start.ArgumentList.Add(port.ToString(CultureInfo.InvariantCulture));
        if (clip is not null)
        {
            start.ArgumentList.Add(clip);
            if (sizes is not null)
            {
                start.ArgumentList.Add(sizes);
            }
        }

        if (login is not null)
        {
            start.Environment["RTSP_LOGIN"] = login;
        }

        if (scene is not null)
        {
            start.Environment["RTSP_SCENE"] = scene;
        }

        return await StartAsync(start);
    }

    /// <summary>Serves the cameras of <c>rtsp-cameras.py</c>; <see cref="Camera"/> returns their addresses.</summary>
    /// <param name="login">The required user and password.</param>
    /// <param name="digest">Whether the login uses digest instead of basic authentication.</param>
    public static async Task<RtspTestServer> StartCamerasAsync(string? login = null, bool digest = false)
    {
        var start = new ProcessStartInfo(Python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Shared", "rtsp-cameras.py"));
        start.ArgumentList.Add("0");
        if (login is not null)
        {
            start.Environment["RTSP_LOGIN"] = login;
        }

        if (digest)
        {
            start.Environment["RTSP_DIGEST"] = "1";
        }

        return await StartAsync(start);
    }

    /// <summary>The address of one of the cameras.</summary>
    /// <param name="path">The kind and the key frame interval in seconds (<c>h264/8</c>).</param>
    /// <param name="login">The user and password in the address.</param>
    public string Camera(string path, string? login = null) =>
        string.Create(CultureInfo.InvariantCulture, $"rtsp://{(login is null ? "" : login + "@")}127.0.0.1:{Port}/{path}");

    private static async Task<RtspTestServer> StartAsync(ProcessStartInfo start)
    {
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException(NotStarted(exception.Message), exception);
        }

        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        if (line is null || !line.StartsWith("ready ", StringComparison.Ordinal))
        {
            var errors = await process.StandardError.ReadToEndAsync();
            process.Dispose();
            throw new InvalidOperationException(NotStarted(errors));
        }

        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return new RtspTestServer(process, int.Parse(line["ready ".Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>Ends the server at once, like a power cut.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Suspends the server: its connections stay open and silent.</summary>
    public void Freeze() => Signal(Stop);

    public void Thaw() => Signal(Continue);

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static string NotStarted(string reason) =>
        $"The RTSP test server did not start ({reason.Trim()}). It needs: apt-get install python3-gi "
        + "gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad "
        + "gstreamer1.0-plugins-ugly";

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}
