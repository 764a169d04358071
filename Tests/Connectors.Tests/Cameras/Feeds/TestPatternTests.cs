using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds;

public sealed class TestPatternTests
{
    [Fact]
    public async Task A_picture_depends_on_its_number_alone_and_shows_it()
    {
        var first = new Capture(Capture.Settings("pattern:320x240@10"));
        var second = new Capture(Capture.Settings("pattern:320x240@10"));
        await first.RunAsync(frame => frame.Sequence == 30);
        await second.RunAsync(frame => frame.Sequence == 30);
        Assert.Equal(first.Frames.Select(frame => frame.Pixels), second.Frames.Select(frame => frame.Pixels));
        Assert.Equal(30, first.Frames.Select(frame => Convert.ToHexString(frame.Pixels)).Distinct().Count());
        Assert.All(first.Frames, frame => Assert.Equal(frame.Sequence, NumberIn(frame)));
    }

    [Fact]
    public async Task The_pace_is_the_one_asked_for()
    {
        var capture = new Capture(Capture.Settings("pattern:64x48@20") with { Pace = Pace.Real });
        Assert.Equal(CaptureEndKind.Cancelled, (await capture.RunAsync(frame => frame.Sequence == 21)).Kind);
        var frames = capture.Frames.ToArray();
        Assert.InRange((frames[^1].At - frames[0].At).TotalSeconds, 0.8, 2);
    }

    private static long NumberIn(Seen frame)
    {
        var number = 0L;
        for (var bit = 0; bit < 32; bit++)
        {
            var x = (bit * frame.Width / 32) + (frame.Width / 64);
            number = (number << 1) | (frame.Pixels[(((frame.Height - 1) * frame.Width) + x) * 3] == 255 ? 1L : 0L);
        }

        return number;
    }
}
