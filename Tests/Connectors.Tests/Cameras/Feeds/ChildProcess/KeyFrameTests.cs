using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

/// <summary>Streams whose key frames come seldom, from real RTSP servers.</summary>
public sealed class KeyFrameTests
{
    /// <summary>Interval between key frames of the cameras that send none at connect, in seconds: 4, 8, 15 or 30.</summary>
    private static readonly string Seldom = Environment.GetEnvironmentVariable("MOBILEVLM_KEY_FRAME_INTERVAL") ?? "4";

    [Fact]
    public async Task A_key_frame_at_connect_is_shown_at_once_however_long_the_next_one_takes()
    {
        using var open = await RtspTestServer.StartCamerasAsync();
        using var locked = await RtspTestServer.StartCamerasAsync("joe:secret", digest: true);
        string[] urls =
        [
            open.Camera("h264/15"), open.Camera("h265/15"), open.Camera("vp8/30"), open.Camera("audiofirst/30"),
            locked.Camera("h264/30", "joe:secret"), locked.Camera("h265/30", "joe:secret"),
        ];
        await Task.WhenAll(urls.Select(async url =>
        {
            var capture = new Capture(Capture.Settings(url));
            var end = await capture.RunAsync(_ => capture.Frames.Count == 5);
            Assert.True(end is { Kind: CaptureEndKind.Cancelled, Frames: 5 }, $"{url}: {end}");

            // Most of it is the server's own start; a lost key frame would cost the interval.
            Assert.InRange(capture.Frames.First().At.TotalSeconds, 0, 8);
            Assert.All(capture.Frames, IsClean);
        }));
    }

    [Fact]
    public async Task Without_one_the_stream_is_waited_for_beyond_the_open_limit_and_nothing_grey_is_shown()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        string[] kinds = ["h264-late", "h264-nosps", "h265-late"];
        await Task.WhenAll(kinds.Select(async kind =>
        {
            var capture = new Capture(
                Capture.Settings(server.Camera($"{kind}/{Seldom}")) with { OpenTimeout = TimeSpan.FromSeconds(2) });
            var end = await capture.RunAsync(_ => capture.Frames.Count == 3);
            Assert.True(end.Kind == CaptureEndKind.Cancelled, $"{kind}: {end}");
            Assert.InRange(capture.Frames.First().At.TotalSeconds, 2, double.Parse(Seldom, CultureInfo.InvariantCulture) + 4);
            Assert.All(capture.Frames, IsClean);
            Assert.Contains("waiting for a key frame", capture.Log.ToString(), StringComparison.Ordinal);
            Assert.Equal(1, capture.Frames.First().Sequence);
        }));
    }

    [Fact]
    public async Task A_camera_slower_than_the_limits_for_silence_is_opened_and_kept()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        var capture = new Capture(Capture.Settings(server.Camera("slow/4")) with
        {
            // The first picture is complete when the second begins: after 8 s.
            OpenTimeout = TimeSpan.FromSeconds(6),
            StallTimeout = TimeSpan.FromSeconds(3),
        });
        var end = await capture.RunAsync(_ => capture.Frames.Count == 4);
        Assert.Equal((CaptureEndKind.Cancelled, 4), (end.Kind, end.Frames));
    }

    [Fact]
    public async Task A_stream_that_falls_silent_before_its_first_key_frame_ends_at_the_open_limit()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        var capture = new Capture(
            Capture.Settings(server.Camera("h264-late/30")) with { OpenTimeout = TimeSpan.FromSeconds(2) });
        var running = capture.RunAsync();
        await capture.UntilLoggedAsync("waiting for a key frame");
        server.Freeze();
        var end = await running;
        Assert.Equal(CaptureEndKind.OpenTimedOut, end.Kind);
        Assert.Contains("fell silent for 2 s (OpenTimeout)", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_kinds_of_stream_open()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        string[] paths = ["h265-10/1", "mjpeg/1", "bframes/1"];
        await Task.WhenAll(paths.Select(async path =>
        {
            var capture = new Capture(Capture.Settings(server.Camera(path)));
            var end = await capture.RunAsync(_ => capture.Frames.Count == 3);
            Assert.True(end.Kind == CaptureEndKind.Cancelled, $"{path}: {end}");
            Assert.All(capture.Frames, IsClean);
        }));
    }

    [Fact]
    public async Task The_scheme_may_name_the_transport()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        var url = server.Camera("h264/8");
        var capture = new Capture(Capture.Settings(url.Replace("rtsp:", "rtspt:", StringComparison.Ordinal)) with
        {
            RtspTransport = "udp",
        });
        var seen = 0;
        var end = await capture.RunAsync(frame =>
        {
            seen = frame.Sequence == 3 ? CameraFiles.Processes($"-rtsp_transport\0tcp\0-i\0{url}") : 0;
            return frame.Sequence == 3;
        });
        Assert.True(end.Kind == CaptureEndKind.Cancelled, end.Reason);
        Assert.Equal(1, seen);
    }

    /// <summary>A white ball on black; a decoder without its key frame shows grey.</summary>
    private static void IsClean(Seen frame)
    {
        Assert.Equal((640, 360), (frame.Width, frame.Height));
        Assert.InRange(frame.Pixels.Average(level => (double)level), 0, 40);
        Assert.Contains(frame.Pixels, level => level > 200);
    }
}
