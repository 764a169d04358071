using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

/// <summary>A frame's number is its number in the source, no matter which step drops the others.</summary>
public sealed class FrameNumberTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Frames_that_ffmpeg_leaves_out_and_scales_keep_their_numbers()
    {
        var settings = Capture.Settings(_files.Clip("clip.mp4", 50)) with { MaxFrameRate = 5, MaxWidth = 80 };
        var capture = new Capture(settings, new ChildProcessFeed(FfmpegCommand.File));
        await capture.RunAsync();
        Assert.Equal([1, 6, 11, 16, 21, 26, 31, 36, 41, 46], capture.Frames.Select(frame => frame.Sequence));
        Assert.All(capture.Frames, frame => Assert.Equal(80, frame.Width));

        // The picture of that number, not only the number.
        var all = new Capture(settings with { MaxFrameRate = null }, new ChildProcessFeed(FfmpegCommand.File));
        await all.RunAsync();
        Assert.Equal(
            all.Frames.Where(frame => frame.Sequence % 5 == 1).Select(frame => Convert.ToHexString(frame.Pixels)),
            capture.Frames.Select(frame => Convert.ToHexString(frame.Pixels)));
    }

    [Fact]
    public async Task Frames_that_opencv_leaves_out_keep_their_numbers()
    {
        var capture = new Capture(
            Capture.Settings(_files.Clip("clip.mp4", 50)) with { MaxFrameRate = 5 }, new OpenCvFileFeed());
        await capture.RunAsync();
        Assert.Equal([1, 6, 11, 16, 21, 26, 31, 36, 41, 46], capture.Frames.Select(frame => frame.Sequence));
    }

    [Fact]
    public async Task A_stream_that_changes_its_size_keeps_its_numbers()
    {
        // Each part starts with a key frame; the filter counts from 0 again in the second one.
        _files.Clip("a.ts", 20, size: "160x120");
        _files.Clip("b.ts", 20, size: "320x240");
        await File.WriteAllBytesAsync(
            _files["both.ts"],
            [.. await File.ReadAllBytesAsync(_files["a.ts"]), .. await File.ReadAllBytesAsync(_files["b.ts"])]);
        var capture = new Capture(Capture.Settings(_files["both.ts"]), new ChildProcessFeed(FfmpegCommand.File));
        var end = await capture.RunAsync();
        Assert.Equal(40, end.Frames);
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), capture.Frames.Select(frame => frame.Sequence));

        // ffmpeg scales to the size that its output began with.
        Assert.All(capture.Frames, frame => Assert.Equal(160, frame.Width));
    }

    [Fact]
    public async Task A_picture_that_cannot_be_filled_returns_its_memory()
    {
        var capture = new Capture(Capture.Settings("none"), new FailingFeed());
        var end = await capture.RunAsync();
        Assert.Equal((CaptureEndKind.Lost, 1), (end.Kind, end.Frames));
    }

    private sealed class FailingFeed : IFrameFeed
    {
        public CaptureEnd Run(FeedAttempt attempt)
        {
            attempt.Deliver(4, 4, pixels => pixels.Clear());
            try
            {
                attempt.Deliver(4, 4, _ => throw new IOException("damaged"));
            }
            catch (IOException fault)
            {
                return attempt.Failed(fault.Message);
            }

            return attempt.Failed("nothing was thrown");
        }
    }
}
