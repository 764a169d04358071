using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds;

public sealed class OpenCvFileFeedTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public OpenCvFileFeedTests()
    {
        Assert.True(OpenCvLibrary.IsAvailable, "OpenCV does not load; on x64 Debian it needs: "
            + "apt-get install --no-install-recommends libgtk-3-0 libdrm2 libatomic1");
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task The_pictures_are_those_that_ffmpeg_decodes()
    {
        var clip = _files.Clip("clip.mp4", 30);
        var capture = new Capture(Capture.Settings(clip));
        Assert.Equal($"{clip} (OpenCV)", capture.Camera.Description);
        Assert.Equal(new CaptureEnd(CaptureEndKind.Finished, "played to its end", 30), await capture.RunAsync());
        var reference = CameraFiles.Ffmpeg("-i", clip, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
            .Chunk(160 * 120 * 3).ToArray();
        Assert.Equal(30, reference.Length);
        foreach (var (frame, expected) in capture.Frames.Zip(reference))
        {
            // The two convert chroma differently; swapped channels or a shifted frame would be far off.
            Assert.InRange(frame.Pixels.Zip(expected, (a, b) => Math.Abs(a - b)).Average(), 0, 4);
        }
    }

    [Fact]
    public async Task At_the_real_pace_a_file_takes_as_long_as_it_is_and_a_loop_continues()
    {
        var capture = new Capture(
            Capture.Settings(_files.Clip("clip.mp4", 25)) with { Pace = Pace.Real, Loop = true, Speed = 2 });
        var end = await capture.RunAsync(frame => frame.At > TimeSpan.FromSeconds(1.3));
        Assert.Equal(CaptureEndKind.Cancelled, end.Kind);
        Assert.InRange(end.Frames, 26, 80);
    }

    [Fact]
    public async Task A_slow_receiver_makes_pictures_be_skipped_and_the_file_end_in_time()
    {
        var capture = new Capture(Capture.Settings(_files.Clip("clip.mp4", 50)) with { Pace = Pace.Real });
        var end = await capture.RunAsync(_ =>
        {
            Thread.Sleep(150);
            return false;
        });
        Assert.Equal(CaptureEndKind.Finished, end.Kind);
        Assert.InRange(end.Frames, 5, 20);
        Assert.InRange(capture.Took.TotalSeconds, 1.5, 4);
    }

    [Theory]
    [InlineData(5, 10)]
    [InlineData(40, 50)]
    public async Task No_more_pictures_per_second_than_requested(double rate, int expected)
    {
        var settings = Capture.Settings(_files.Clip("clip.mp4", 50));
        var capture = new Capture(settings with { MaxFrameRate = rate, MaxWidth = 80 });
        Assert.Equal(expected, (await capture.RunAsync()).Frames);
        Assert.All(capture.Frames, frame => Assert.Equal((80, 60), (frame.Width, frame.Height)));
    }

    [Fact]
    public void A_damaged_timestamp_holds_nothing_up()
    {
        static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
        var pace = new PlaybackPace(speed: 2);
        Assert.Equal(At(5), pace.Due(At(1.4), now: At(5)));
        Assert.Equal(At(5.5), pace.Due(At(2.4), now: At(5.1)));
        Assert.Equal(At(5.6), pace.Due(At(36000), now: At(5.6)));
        Assert.Equal(At(5.7), pace.Due(At(3.4), now: At(5.7)));
        Assert.Equal(At(6.2), pace.Due(At(4.4), now: At(9)));
    }

    [Fact]
    public async Task A_missing_file_is_reported_and_may_appear_later()
    {
        var capture = new Capture(Capture.Settings(_files["late.mp4"]));
        var end = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("does not exist", end.Reason, StringComparison.Ordinal);
        _files.Clip("late.mp4", 3);
        Assert.Equal(3, (await capture.RunAsync()).Frames);
    }

    [Fact]
    public async Task A_file_that_is_not_a_video_fails_to_open_even_when_it_loops()
    {
        await File.WriteAllTextAsync(_files["clip.mp4"], "not a video at all");
        var end = await new Capture(Capture.Settings(_files["clip.mp4"]) with { Loop = true }).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("OpenCV", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_and_truncated_files_give_what_they_have()
    {
        var bytes = await File.ReadAllBytesAsync(_files.Clip("clip.ts", 50));
        await File.WriteAllBytesAsync(_files["half.ts"], bytes[..(bytes.Length / 2)]);
        new Random(7).NextBytes(bytes.AsSpan(bytes.Length / 3, bytes.Length / 3));
        await File.WriteAllBytesAsync(_files["bad.ts"], bytes);
        foreach (var name in new[] { "half.ts", "bad.ts" })
        {
            var end = await new Capture(Capture.Settings(_files[name])).RunAsync();
            Assert.Equal(CaptureEndKind.Finished, end.Kind);
            Assert.InRange(end.Frames, 5, 50);
        }
    }

    [Fact]
    public async Task A_missing_device_fails_to_open_and_one_that_is_not_a_camera_too()
    {
        var missing = await new Capture(Capture.Settings("/dev/video97")).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, missing.Kind);
        Assert.Contains("plugged in", missing.Reason, StringComparison.Ordinal);
        Assert.Equal(CaptureEndKind.OpenFailed, (await new Capture(Capture.Settings("/dev/null")).RunAsync()).Kind);
    }
}
