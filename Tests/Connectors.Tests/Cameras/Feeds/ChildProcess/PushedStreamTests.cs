using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

/// <summary>RTMP and MPEG-TS over UDP, from a real ffmpeg as the camera.</summary>
public sealed class PushedStreamTests
{
    private static readonly string[] Video =
    [
        "-re", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-c:v", "libx264", "-preset", "ultrafast",
        "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p",
    ];

    [Theory]
    [InlineData("")]
    [InlineData("joe:geheim77@")]
    public async Task An_rtmp_stream_is_shown_and_is_lost_at_its_end(string login)
    {
        var port = Mosquitto.FreePort().ToString(CultureInfo.InvariantCulture);
        using var server = CameraFiles.StartFfmpeg(
            [.. Video, "-t", "3", "-f", "flv", "-listen", "1", $"rtmp://127.0.0.1:{port}/live/gate"]);
        var capture = new Capture(Capture.Settings($"rtmp://{login}127.0.0.1:{port}/live/gate"));

        // The server reports nothing when it is ready; until then it refuses.
        CaptureEnd end;
        var seen = 0;
        do
        {
            end = await capture.RunAsync(frame =>
            {
                seen += frame.Sequence == 5 ? CameraFiles.Processes("geheim77") : 0;
                return false;
            });
        }
        while (end.Kind == CaptureEndKind.OpenFailed && !server.HasExited);

        Assert.True(end is { Kind: CaptureEndKind.Lost, Frames: > 40 }, end.ToString());
        Assert.Equal(0, seen);
        Assert.All(capture.Frames, frame => Assert.Equal((160, 120), (frame.Width, frame.Height)));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("239.255.77.77")]
    public async Task A_transport_stream_over_udp_is_shown_and_stalls_when_it_stops(string host)
    {
        var port = Mosquitto.FreePort().ToString(CultureInfo.InvariantCulture);
        var url = $"udp://{host}:{port}?localaddr=127.0.0.1";
        using var sender = CameraFiles.StartFfmpeg([.. Video, "-f", "mpegts", $"{url}&pkt_size=1316"]);
        try
        {
            var capture = new Capture(Capture.Settings(url) with { StallTimeout = TimeSpan.FromSeconds(1) });
            var running = capture.RunAsync();
            await capture.UntilFramesAsync(5);
            sender.Kill();
            var stopped = Stopwatch.StartNew();
            var end = await running;
            Assert.Equal(CaptureEndKind.Stalled, end.Kind);
            Assert.Contains("StallTimeout", end.Reason, StringComparison.Ordinal);
            Assert.InRange(stopped.Elapsed.TotalSeconds, 0.5, 6);
        }
        finally
        {
            sender.Kill();
        }
    }
}
