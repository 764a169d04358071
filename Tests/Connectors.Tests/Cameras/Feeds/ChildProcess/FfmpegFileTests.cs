using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

/// <summary>A real ffmpeg child over real files, as on machines without OpenCV.</summary>
public sealed class FfmpegFileTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_file_is_played_once_to_its_end()
    {
        var capture = Capture(_files.Clip("clip.mp4", 30), it => it);
        var end = await capture.RunAsync();
        Assert.Equal(new CaptureEnd(CaptureEndKind.Finished, "it ended", 30), end);
        Assert.Equal(Enumerable.Range(1, 30).Select(i => (long)i), capture.Frames.Select(frame => frame.Sequence));
        Assert.All(capture.Frames, frame => Assert.Equal((160, 120), (frame.Width, frame.Height)));
    }

    [Fact]
    public async Task Sequence_numbers_continue_in_the_next_attempt()
    {
        var capture = Capture(_files.Clip("clip.mp4", 5), it => it);
        await capture.RunAsync();
        await capture.RunAsync();
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), capture.Frames.Select(frame => frame.Sequence));
    }

    [Fact]
    public async Task A_looping_file_starts_again_until_cancelled()
    {
        var capture = Capture(_files.Clip("clip.mp4", 10), it => it with { Loop = true });
        var end = await capture.RunAsync(frame => frame.Sequence == 35);
        Assert.Equal((CaptureEndKind.Cancelled, 35), (end.Kind, end.Frames));
    }

    [Theory]
    [InlineData(1, 2.0)]
    [InlineData(2, 1.0)]
    public async Task At_the_real_pace_a_file_takes_as_long_as_it_is(double speed, double seconds)
    {
        var capture = Capture(_files.Clip("clip.mp4", 50), it => it with { Pace = Pace.Real, Speed = speed });
        Assert.Equal(50, (await capture.RunAsync()).Frames);
        var frames = capture.Frames.ToArray();
        Assert.InRange((frames[^1].At - frames[0].At).TotalSeconds, seconds - 0.6, seconds + 2);
    }

    [Theory]
    [InlineData(5, 10)]
    [InlineData(10, 20)]
    [InlineData(40, 50)]
    public async Task No_more_pictures_per_second_than_requested_and_none_twice(double rate, int expected)
    {
        var capture = Capture(_files.Clip("clip.mp4", 50), it => it with { MaxFrameRate = rate });
        Assert.Equal(expected, (await capture.RunAsync()).Frames);
    }

    [Fact]
    public async Task The_rate_is_by_the_clock_when_a_file_plays_faster()
    {
        var clip = _files.Clip("clip.mp4", 50);
        var settings = Cameras.Capture.Settings(clip) with { Pace = Pace.Real, Speed = 2, MaxFrameRate = 5 };
        var byFfmpeg = new Capture(settings, new ChildProcessFeed(FfmpegCommand.File));
        Assert.Equal(5, (await byFfmpeg.RunAsync()).Frames);
        var byOpenCv = new Capture(settings, new OpenCvFileFeed());
        Assert.InRange((await byOpenCv.RunAsync()).Frames, 4, 6);
    }

    [Theory]
    [InlineData(80, 80, 60)]
    [InlineData(640, 160, 120)]
    public async Task Wide_pictures_are_scaled_down_and_narrow_ones_left_alone(int maxWidth, int width, int height)
    {
        var capture = Capture(_files.Clip("clip.mp4", 2), it => it with { MaxWidth = maxWidth });
        await capture.RunAsync();
        Assert.All(capture.Frames, frame => Assert.Equal((width, height), (frame.Width, frame.Height)));
    }

    [Fact]
    public async Task A_name_that_resembles_an_option_or_an_address_is_a_file()
    {
        File.Move(_files.Clip("clip.mp4", 3), _files["-i http:clip.mp4"]);
        var end = await Capture(_files["-i http:clip.mp4"], it => it).RunAsync();
        Assert.Equal((CaptureEndKind.Finished, 3), (end.Kind, end.Frames));
    }

    [Fact]
    public async Task A_file_cannot_make_ffmpeg_open_an_address()
    {
        string[] list = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", "http://127.0.0.1:9/a.ts", "#EXT-X-ENDLIST"];
        await File.WriteAllLinesAsync(_files["list.m3u8"], list);
        var end = await Capture(_files["list.m3u8"], it => it).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("whitelist", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_a_video_fails_to_open_with_the_message_of_ffmpeg()
    {
        await File.WriteAllTextAsync(_files["clip.mp4"], "not a video at all");
        var end = await Capture(_files["clip.mp4"], it => it).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("Invalid data", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_file_gives_what_it_has()
    {
        var whole = await File.ReadAllBytesAsync(_files.Clip("clip.ts", 50));
        await File.WriteAllBytesAsync(_files["half.ts"], whole[..(whole.Length / 2)]);
        var end = await Capture(_files["half.ts"], it => it).RunAsync();
        Assert.Equal(CaptureEndKind.Finished, end.Kind);
        Assert.InRange(end.Frames, 5, 49);
    }

    [Fact]
    public async Task A_damaged_file_neither_throws_nor_hangs()
    {
        var bytes = await File.ReadAllBytesAsync(_files.Clip("clip.ts", 50));
        new Random(7).NextBytes(bytes.AsSpan(bytes.Length / 3, bytes.Length / 3));
        await File.WriteAllBytesAsync(_files["bad.ts"], bytes);
        var end = await Capture(_files["bad.ts"], it => it).RunAsync();
        Assert.Equal(CaptureEndKind.Finished, end.Kind);
        Assert.InRange(end.Frames, 5, 50);
    }

    [Fact]
    public async Task Where_opencv_does_not_load_files_and_devices_go_through_ffmpeg()
    {
        var file = new Capture(Cameras.Capture.Settings(_files.Clip("clip.mp4", 3)), new LocalFeed(openCv: false));
        Assert.Equal(new CaptureEnd(CaptureEndKind.Finished, "it ended", 3), await file.RunAsync());
        var device = await new Capture(Cameras.Capture.Settings("/dev/null"), new DeviceFeed(openCv: false)).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, device.Kind);
        Assert.Contains("ioctl", device.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_ffmpeg_is_named_with_its_remedy()
    {
        var capture = Capture(_files.Clip("clip.mp4", 1), it => it with { FfmpegPath = "/nowhere/ffmpeg" });
        var end = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("'/nowhere/ffmpeg'", end.Reason, StringComparison.Ordinal);
        Assert.Contains("apt-get install ffmpeg", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_leaves_no_child_and_takes_less_than_one_second()
    {
        var clip = _files.Clip("clip.mp4", 250);
        var capture = Capture(clip, it => it with { Pace = Pace.Real, Loop = true });
        using var stop = new CancellationTokenSource();
        var running = capture.RunAsync(cancel: stop.Token);
        await capture.UntilFramesAsync(3);
        Assert.Equal(1, CameraFiles.Processes(clip));
        var asked = System.Diagnostics.Stopwatch.StartNew();
        await stop.CancelAsync();
        Assert.Equal(CaptureEndKind.Cancelled, (await running).Kind);
        Assert.InRange(asked.Elapsed.TotalSeconds, 0, 1);
        Assert.Equal(0, CameraFiles.Processes(clip));
    }

    [Theory]
    [InlineData("hevc10.mkv", "libx265", "yuv420p10le")]
    [InlineData("hevc12.mkv", "libx265", "yuv422p12le")]
    [InlineData("grey16.mkv", "ffv1", "gray16le")]
    [InlineData("rgb48.mkv", "ffv1", "gbrp16le")]
    [InlineData("alpha.mkv", "ffv1", "yuva444p10le")]
    [InlineData("av1.mkv", "libsvtav1", "yuv420p")]
    public async Task Any_codec_and_pixel_format_becomes_8_bit_rgb_scaled_or_not(string name, string codec, string format)
    {
        CameraFiles.Ffmpeg(
            "-f", "lavfi", "-i", "color=red:size=96x64:rate=5", "-frames:v", "3", "-c:v", codec, "-pix_fmt", format, _files[name]);
        foreach (var capture in new[]
        {
            new Capture(Cameras.Capture.Settings(_files[name])),
            Capture(_files[name], it => it),
            Capture(_files[name], it => it with { MaxWidth = 47 }),
        })
        {
            var end = await capture.RunAsync();
            Assert.True(end is { Kind: CaptureEndKind.Finished, Frames: 3 }, end.ToString());
            if (!format.StartsWith("gray", StringComparison.Ordinal))
            {
                Assert.All(capture.Frames, frame => Assert.InRange(frame.Pixels[0] - frame.Pixels[1], 200, 255));
            }
        }
    }

    [Theory]
    [InlineData("bt709", "tv")]
    [InlineData("bt709", "pc")]
    [InlineData("smpte170m", "tv")]
    [InlineData("smpte170m", "pc")]
    public async Task Scaled_frames_keep_the_colours_of_full_ones_in_each_matrix_and_range(string matrix, string range)
    {
        // Large areas of one colour, so that only an error of the matrix or the range makes a difference.
        CameraFiles.Ffmpeg(
            "-f", "lavfi", "-i", "smptebars=size=320x242:rate=5", "-frames:v", "2",
            "-vf", $"scale=out_color_matrix={matrix}:out_range={range},format=yuv420p",
            "-c:v", "libx264", "-qp", "1", "-colorspace", matrix, "-color_range", range, _files["bars.mkv"]);
        var full = Capture(_files["bars.mkv"], it => it);
        var scaled = Capture(_files["bars.mkv"], it => it with { MaxWidth = 160 });
        await full.RunAsync();
        await scaled.RunAsync();
        var (large, small) = (full.Frames.First(), scaled.Frames.First());
        Assert.Equal((320, 242, 160, 121), (large.Width, large.Height, small.Width, small.Height));
        for (var bar = 0; bar < 7; bar++)
        {
            var (x, y) = ((bar * 160 / 7) + 11, 40);
            var expected = large.Pixels.AsSpan(3 * ((2 * y * large.Width) + (2 * x)), 3).ToArray();
            var actual = small.Pixels.AsSpan(3 * ((y * small.Width) + x), 3).ToArray();
            Assert.All(Enumerable.Range(0, 3), c => Assert.InRange(actual[c] - expected[c], -3, 3));
        }
    }

    [Fact]
    public async Task A_file_address_is_the_file_behind_it()
    {
        var clip = _files.Clip("the clip.mp4", 3);
        var capture = new Capture(Cameras.Capture.Settings($"file://{clip.Replace(" ", "%20", StringComparison.Ordinal)}"));
        Assert.Equal((CaptureEndKind.Finished, 3), ((await capture.RunAsync()).Kind, capture.Frames.Count));
    }

    [Fact]
    public async Task An_mp4_that_is_still_being_written_is_named()
    {
        var whole = await File.ReadAllBytesAsync(_files.Clip("whole.mp4", 100, size: "640x480"));
        await File.WriteAllBytesAsync(_files["half.mp4"], whole[..(whole.Length / 2)]);
        var end = await new Capture(Cameras.Capture.Settings(_files["half.mp4"])).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("still being written", end.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("half.ts")]
    [InlineData("half.mkv")]
    public async Task A_file_that_grows_or_was_cut_plays_to_where_it_ends(string name)
    {
        var whole = await File.ReadAllBytesAsync(_files.Clip(name, 100, size: "640x480"));
        await File.WriteAllBytesAsync(_files[name], whole[..(whole.Length / 2)]);
        foreach (var capture in new[] { new Capture(Cameras.Capture.Settings(_files[name])), Capture(_files[name], it => it) })
        {
            var end = await capture.RunAsync();
            Assert.Equal(CaptureEndKind.Finished, end.Kind);
            Assert.InRange(end.Frames, 20, 80);
        }
    }

    [Fact]
    public async Task A_file_without_video_is_named()
    {
        CameraFiles.Ffmpeg("-f", "lavfi", "-i", "sine=duration=1", _files["sound.mkv"]);
        var end = await new Capture(Cameras.Capture.Settings(_files["sound.mkv"])).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("no video", end.Reason, StringComparison.Ordinal);
    }

    private static Capture Capture(string path, Func<CameraSettings, CameraSettings> change) => new(
        change(Cameras.Capture.Settings(path)), new ChildProcessFeed(FfmpegCommand.File));
}
