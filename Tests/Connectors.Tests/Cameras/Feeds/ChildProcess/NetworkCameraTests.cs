using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

/// <summary>Real servers on the loopback.</summary>
public sealed class NetworkCameraTests
{
    [Fact]
    public async Task An_rtsp_stream_delivers_moving_pictures_within_the_limits_asked_for()
    {
        using var server = await RtspTestServer.StartAsync();
        var capture = new Capture(
            Capture.Settings(server.Url) with { MaxFrameRate = 10, MaxWidth = 160 });
        var end = await capture.RunAsync(_ => capture.Frames.Count == 20);
        Assert.Equal((CaptureEndKind.Cancelled, 20), (end.Kind, end.Frames));
        var frames = capture.Frames.ToArray();

        // Numbered as the camera sent them, 25 per second.
        Assert.Equal(1, frames[0].Sequence);
        Assert.InRange(frames[^1].Sequence, 40, 150);
        Assert.All(frames, frame => Assert.Equal((160, 120), (frame.Width, frame.Height)));
        Assert.NotEqual(frames[0].Pixels, frames[^1].Pixels);
        Assert.InRange((frames[^1].At - frames[0].At).TotalSeconds, 1.2, 5);
        Assert.Equal(0, CameraFiles.Processes(server.Url));
    }

    [Fact]
    public async Task A_server_that_dies_loses_the_stream_and_the_next_attempt_finds_it_again()
    {
        int port;
        Capture capture;
        using (var server = await RtspTestServer.StartAsync())
        {
            port = server.Port;
            capture = new Capture(Capture.Settings(server.Url));
            var running = capture.RunAsync();
            await capture.UntilFramesAsync(5);
            server.Kill();
            var end = await running;
            Assert.Contains(end.Kind, new[] { CaptureEndKind.Lost, CaptureEndKind.Stalled });
        }

        var refused = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, refused.Kind);
        Assert.Contains("refused", refused.Reason, StringComparison.OrdinalIgnoreCase);

        using var again = await RtspTestServer.StartAsync(port);
        var before = capture.Frames.Count;
        Assert.Equal(CaptureEndKind.Cancelled, (await capture.RunAsync(_ => capture.Frames.Count == before + 5)).Kind);
    }

    [Fact]
    public async Task A_server_that_freezes_is_a_stall_within_the_limit()
    {
        using var server = await RtspTestServer.StartAsync();
        var capture = new Capture(Capture.Settings(server.Url) with { StallTimeout = TimeSpan.FromSeconds(2) });
        var running = capture.RunAsync();
        await capture.UntilFramesAsync(5);
        server.Freeze();
        var frozen = Stopwatch.StartNew();
        Assert.Equal(CaptureEndKind.Stalled, (await running).Kind);
        Assert.InRange(frozen.Elapsed.TotalSeconds, 1, 4);
        Assert.Equal(0, CameraFiles.Processes(server.Url));
    }

    [Theory]
    [InlineData("rtsp")]
    [InlineData("http")]
    public async Task A_server_that_accepts_and_sends_nothing_times_out(string scheme)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"{scheme}://{listener.LocalEndpoint}/s";
        var capture = new Capture(Capture.Settings(url) with { OpenTimeout = TimeSpan.FromSeconds(1) });
        Assert.Equal(CaptureEndKind.OpenTimedOut, (await capture.RunAsync()).Kind);
        Assert.InRange(capture.Took.TotalSeconds, 0.8, 3);
        Assert.Equal(0, CameraFiles.Processes(url));
    }

    [Theory]
    [InlineData("tcp", "stream")]
    [InlineData("udp", "stream")]
    [InlineData("tcp", "stream?a='b'")]
    public async Task A_password_opens_an_rtsp_stream_and_does_not_appear_in_the_process_list(string transport, string path)
    {
        using var server = await RtspTestServer.StartAsync(login: "joe:ge:heim@77/x");
        var port = server.Port.ToString(CultureInfo.InvariantCulture);
        var capture = new Capture(Capture.Settings($"rtsp://joe:ge%3Aheim%4077%2Fx@127.0.0.1:{port}/{path}") with
        {
            RtspTransport = transport,
        });
        var seen = -1;
        var end = await capture.RunAsync(frame =>
        {
            if (frame.Sequence == 5)
            {
                seen = CameraFiles.Processes("heim%4077");
            }

            return frame.Sequence == 5;
        });
        Assert.Equal((CaptureEndKind.Cancelled, 5), (end.Kind, end.Frames));
        Assert.Equal(0, seen);
    }

    [Fact]
    public async Task A_wrong_password_is_reported_and_not_shown()
    {
        using var server = await RtspTestServer.StartAsync(login: "joe:right");
        var port = server.Port.ToString(CultureInfo.InvariantCulture);
        var capture = new Capture(Capture.Settings($"rtsp://joe:geheim77@127.0.0.1:{port}/stream"));
        var end = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("401", end.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim77", end.Reason + capture.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_without_a_listener_fails_to_open_without_revealing_the_password()
    {
        var url = $"rtsp://joe:geheim77@127.0.0.1:{Mosquitto.FreePort().ToString(CultureInfo.InvariantCulture)}/s";
        var capture = new Capture(Capture.Settings(url));
        var end = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("refused", end.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("geheim77", end.Reason + capture.Log + capture.Camera.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Motion_jpeg_over_http_delivers_pictures_and_is_lost_at_its_end()
    {
        var url = $"http://127.0.0.1:{Mosquitto.FreePort().ToString(CultureInfo.InvariantCulture)}/s.mjpg";
        using var server = CameraFiles.StartFfmpeg(
            "-re", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-t", "3", "-f", "mpjpeg", "-listen", "1", url);
        var capture = new Capture(Capture.Settings(url));

        // The server reports nothing when it is ready; until then it refuses.
        CaptureEnd end;
        do
        {
            end = await capture.RunAsync();
        }
        while (end.Kind == CaptureEndKind.OpenFailed && !server.HasExited);

        Assert.Equal(CaptureEndKind.Lost, end.Kind);
        Assert.InRange(end.Frames, 40, 75);
        Assert.All(capture.Frames, frame => Assert.Equal((160, 120), (frame.Width, frame.Height)));
    }
}
