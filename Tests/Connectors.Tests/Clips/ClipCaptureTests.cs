using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Tests.Cameras;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Clips;

/// <summary>Clips of real RTSP cameras.</summary>
public sealed class ClipCaptureTests : IDisposable
{
    private static readonly ClipSettings Settings = new() { Before = TimeSpan.FromSeconds(1), After = TimeSpan.FromSeconds(1) };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_event_gets_a_clip_that_begins_with_a_key_frame_and_is_copied_as_it_is()
    {
        using var open = await RtspTestServer.StartCamerasAsync();
        using var locked = await RtspTestServer.StartCamerasAsync("joe:secret", digest: true);
        (string Url, string Codec, string Tag)[] cameras =
        [
            (open.Camera("h264/1"), "h264", "avc1"), (open.Camera("h265/1"), "hevc", "hvc1"),
            (locked.Camera("h264/2", "joe:secret"), "h264", "avc1"), (open.Camera("h264-nosps/2"), "h264", "avc1"),
        ];
        await Task.WhenAll(cameras.Select(async camera =>
        {
            var file = await RecordAsync(camera.Url);
            var (exit, output) = await Programs.RunAsync(
                "ffprobe",
                ["-v", "error", "-show_entries", "packet=flags:stream=codec_name,codec_tag_string:format=duration", "-of", "default=nw=1", file],
                TimeSpan.FromSeconds(30));
            Assert.True(exit == 0, $"{camera.Url}: {output}");
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.StartsWith("flags=K", lines.First(line => line.StartsWith("flags=", StringComparison.Ordinal)), StringComparison.Ordinal);
            Assert.Contains($"codec_name={camera.Codec}", lines);
            Assert.Contains($"codec_tag_string={camera.Tag}", lines);

            // One second before and after, and up to the key frame interval and the time of a frame more.
            var duration = double.Parse(lines.Single(line => line.StartsWith("duration=", StringComparison.Ordinal))["duration=".Length..], CultureInfo.InvariantCulture);
            Assert.True(duration is > 1 and < 4.6, $"{camera.Url}: {duration} s");
            Assert.False(IsFastStartMissing(file), $"{camera.Url}: the index is not at the beginning");
        }));
    }

    [Fact]
    public async Task The_frames_are_the_same_with_and_without_clips()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        var (plain, recorded) = (new Capture(Capture.Settings(server.Camera("h264/8"))), new Capture(Capture.Settings(server.Camera("h264/8")) with { RecordsClips = true }, new ClipRings(Settings, TimeProvider.System)));
        await Task.WhenAll(new[] { plain, recorded }.Select(capture => capture.RunAsync(_ => capture.Frames.Count == 12)));
        foreach (var (one, other) in plain.Frames.Zip(recorded.Frames))
        {
            Assert.Equal(one.Sequence, other.Sequence);
            Assert.Equal(one.Pixels, other.Pixels);
        }
    }

    [Fact]
    public void Without_clips_nothing_in_the_arguments_changes()
    {
        var settings = Capture.Settings("rtsp://camera/stream") with { MaxFrameRate = 2 };
        var plain = FfmpegCommand.Stream(settings, "rtsp", ["-rtsp_transport", "tcp"]);
        var recording = FfmpegCommand.Stream(settings with { RecordsClips = true }, "rtsp", ["-rtsp_transport", "tcp"]);
        Assert.Equal(plain.Arguments, recording.Arguments);

        // With clips, another output follows and the others stay as they are.
        var delivered = FfmpegCommand.Stream(settings with { ClipAddress = "unix:/tmp/clip" }, "rtsp", ["-rtsp_transport", "tcp"]);
        Assert.Equal(plain.Arguments, delivered.Arguments.Take(plain.Arguments.Count));
        Assert.Equal("unix:/tmp/clip", delivered.Arguments[^1]);
        Assert.Equal(plain.Arguments.SkipLast(plain.Arguments.Count - plain.WithoutPackets!.Arguments.Count), delivered.WithoutPackets!.Arguments);
    }

    [Theory]
    [InlineData("mjpeg/1", "neither H.264 nor H.265")]
    [InlineData("vp8/1", "neither H.264 nor H.265")]
    [InlineData("audiofirst/1", "does not announce the size of its frames")]
    public async Task A_stream_that_cannot_be_copied_is_captured_and_the_reason_is_known(string path, string reason)
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        var rings = new ClipRings(Settings, TimeProvider.System);
        var capture = new Capture(Capture.Settings(server.Camera(path)) with { RecordsClips = true }, rings);
        var end = await capture.RunAsync(_ => capture.Frames.Count >= 5 && rings.Of("cam").MissingReason?.Contains(reason, StringComparison.Ordinal) == true);
        Assert.True(end.Kind == CaptureEndKind.Cancelled, end.Reason);
    }

    [Fact]
    public async Task A_decoder_that_nobody_listens_to_delivers_frames_all_the_same()
    {
        using var server = await RtspTestServer.StartCamerasAsync();
        var settings = Capture.Settings(server.Camera("h264/1"));
        var capture = new Capture(settings, new ChildProcessFeed(it => FfmpegCommand.Stream(
            it with { ClipAddress = $"unix:{_folder["nobody"]}" }, "rtsp,rtp,udp,tcp", [.. FfmpegCommand.NoProbing, "-rtsp_transport", "tcp"])));
        var end = await capture.RunAsync(_ => capture.Frames.Count == 15);
        Assert.True(end.Kind == CaptureEndKind.Cancelled, end.Reason);
    }

    private async Task<string> RecordAsync(string url)
    {
        var rings = new ClipRings(Settings, TimeProvider.System);
        var folder = _folder[$"history-{Guid.NewGuid():N}"];
        await using var history = SqliteHistory.Open(
            new HistorySettings { Folder = folder, MinFreeBytes = 0 }, TimeProvider.System, NullLogger<SqliteHistory>.Instance);
        await using var recorder = new ClipRecorder(Settings, rings, history, TimeProvider.System, NullLogger<ClipRecorder>.Instance);
        using var stop = new CancellationTokenSource();
        var capture = new Capture(Capture.Settings(url) with { RecordsClips = true }, rings);
        var running = capture.RunAsync(cancel: stop.Token);
        await capture.UntilFramesAsync(20);
        var (id, at) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        Assert.True(recorder.Request("cam", 20, at), rings.Of("cam").MissingReason);
        history.Record(new HistoryFrame("cam", at, 20)
        {
            Events = [new HistoryEvent(id, "person", "no", "yes") { At = at, Since = at, Frame = 20 }],
            ExpectsClip = true,
        });
        Assert.True((await history.ClipAsync(id, default)).IsExpected);
        StoredClip clip = StoredClip.None;
        await Eventually.TrueAsync(
            async () => (clip = await history.ClipAsync(id, default)).File is not null, $"the clip of {url} is stored", state: () => $"{history.Stats}\n{capture.Log}");
        await stop.CancelAsync();
        await running;
        Assert.Equal((1, 0), (history.Stats.Clips, history.Stats.ClipsDropped));
        Assert.Equal(new FileInfo(clip.File!).Length, clip.Bytes);
        Assert.Empty(Directory.GetFiles(folder, "*.new", SearchOption.AllDirectories));
        return clip.File!;
    }

    /// <summary>Whether the media data come before the index, which then is read last.</summary>
    private static bool IsFastStartMissing(string file)
    {
        var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file));
        return text.IndexOf("moov", StringComparison.Ordinal) > text.IndexOf("mdat", StringComparison.Ordinal);
    }
}
