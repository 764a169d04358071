using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

public sealed class GstCameraTests
{
    [Fact]
    public async Task A_pipeline_delivers_its_pictures_without_row_padding()
    {
        // 161 pixels are 483 bytes, which GStreamer pads to 484 inside.
        var capture = new Capture(Capture.Settings(
            "gst:videotestsrc num-buffers=5 pattern=red ! \"video/x-raw, width=161, height=50\""));
        var end = await capture.RunAsync();
        Assert.True(end.Kind == CaptureEndKind.Lost && end.Frames == 5, $"{end} (needs apt-get install "
            + "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-bad)");
        Assert.All(capture.Frames, frame =>
        {
            Assert.Equal((161, 50), (frame.Width, frame.Height));
            Assert.All(frame.Pixels.Chunk(3), pixel => Assert.Equal([255, 0, 0], pixel));
        });
    }

    [Theory]
    [InlineData(161, 50, 200, 161, 50)]
    [InlineData(320, 90, 160, 160, 45)]
    [InlineData(90, 320, 45, 45, 160)]
    public async Task Scaling_keeps_the_proportions_and_never_enlarges(int width, int height, int maxWidth, int newWidth, int newHeight)
    {
        var capture = new Capture(
            Capture.Settings($"gst:videotestsrc num-buffers=2 pattern=red ! video/x-raw,width={width},height={height}") with
            {
                MaxWidth = maxWidth,
            });
        Assert.Equal(2, (await capture.RunAsync()).Frames);
        Assert.All(capture.Frames, frame =>
        {
            Assert.Equal((newWidth, newHeight), (frame.Width, frame.Height));
            Assert.All(frame.Pixels.Chunk(3), pixel => Assert.Equal([255, 0, 0], pixel));
        });
    }

    [Fact]
    public async Task A_live_pipeline_is_thinned_scaled_and_ends_when_cancelled()
    {
        var capture = new Capture(
            Capture.Settings("gst:videotestsrc is-live=true ! video/x-raw,width=322,height=240,framerate=30/1") with
            {
                MaxFrameRate = 5,
                MaxWidth = 161,
            });
        var end = await capture.RunAsync(_ => capture.Frames.Count == 8);
        Assert.Equal((CaptureEndKind.Cancelled, 8), (end.Kind, end.Frames));
        var frames = capture.Frames.ToArray();

        // The numbers are the source's own, of which five in six were passed over.
        Assert.Equal(1, frames[0].Sequence);
        Assert.InRange(frames[^1].Sequence, 25, 100);
        Assert.All(frames, frame => Assert.Equal((161, 120), (frame.Width, frame.Height)));
        Assert.InRange((frames[^1].At - frames[0].At).TotalSeconds, 1.0, 4);
        Assert.Equal(0, CameraFiles.Processes("width=322"));
    }

    [Fact]
    public async Task A_pipeline_with_an_unknown_element_fails_to_open_with_its_name()
    {
        var end = await new Capture(Capture.Settings("gst:nosuchsource")).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("nosuchsource", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_gst_launch_is_named_with_its_remedy()
    {
        var end = await new Capture(
            Capture.Settings("gst:videotestsrc") with { GstLaunchPath = "/nowhere/gst-launch-1.0" }).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("apt-get install gstreamer1.0-tools", end.Reason, StringComparison.Ordinal);
    }
}
