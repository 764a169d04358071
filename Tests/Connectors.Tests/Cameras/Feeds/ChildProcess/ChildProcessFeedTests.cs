using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

/// <summary>Children that misbehave, as shell scripts.</summary>
public sealed class ChildProcessFeedTests
{
    private const string OnePicture = "printf 'P6\\n1 1\\n255\\nabc'";

    [Fact]
    public async Task A_size_may_change_from_picture_to_picture()
    {
        var capture = Child($"{OnePicture}; printf 'P6\\n2 1\\n255\\nabcdef'");
        Assert.Equal(2, (await capture.RunAsync()).Frames);
        Assert.Equal([(1, 1), (2, 1)], capture.Frames.Select(frame => (frame.Width, frame.Height)));
    }

    [Fact]
    public async Task Garbage_after_a_picture_loses_the_stream()
    {
        var end = await Child($"{OnePicture}; echo garbage; sleep 60").RunAsync();
        Assert.Equal((CaptureEndKind.Lost, 1), (end.Kind, end.Frames));
        Assert.Contains("something other than PPM", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_picture_loses_the_stream_and_returns_its_memory()
    {
        var end = await Child($"{OnePicture}; printf 'P6\\n2 1\\n255\\nabc'").RunAsync();
        Assert.Equal((CaptureEndKind.Lost, 1), (end.Kind, end.Frames));
    }

    [Fact]
    public async Task A_picture_of_absurd_size_allocates_nothing_and_fails()
    {
        var end = await Child("printf 'P6\\n8193 8193\\n255\\n'; sleep 60").RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("8192", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reason_holds_the_last_words_without_the_password()
    {
        var capture = Child(
            "echo 'cannot open rtsp://joe:geheim77@h/s with geheim77' >&2; exit 1",
            it => it with { Source = "rtsp://joe:geheim77@h/s" });
        var end = await capture.RunAsync();
        Assert.Equal(
            new CaptureEnd(CaptureEndKind.OpenFailed, "cannot open rtsp://joe:***@h/s with ***", 0), end);
        Assert.DoesNotContain("geheim77", capture.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_that_floods_its_standard_error_does_not_block()
    {
        var end = await Child($"head -c 3000000 /dev/zero | tr '\\0' x >&2; {OnePicture}").RunAsync();
        Assert.Equal(1, end.Frames);
        Assert.InRange(end.Reason.Length, 0, 1100);
    }

    [Fact]
    public async Task Silence_before_the_first_picture_ends_at_the_open_limit()
    {
        var capture = Child("sleep 61.7", it => it with { OpenTimeout = TimeSpan.FromSeconds(0.5) });
        var end = await capture.RunAsync();
        Assert.Equal(new CaptureEnd(CaptureEndKind.OpenTimedOut, "no picture for 0.5 s (OpenTimeout)", 0), end);
        Assert.InRange(capture.Took.TotalSeconds, 0.4, 2);
        Assert.Equal(0, CameraFiles.Processes("61.7"));
    }

    [Fact]
    public async Task Silence_after_a_picture_ends_at_the_stall_limit_with_grandchildren_and_all()
    {
        var capture = Child(
            $"{OnePicture}; (trap '' TERM; sleep 62.7) & sleep 62.7",
            it => it with { StallTimeout = TimeSpan.FromSeconds(0.5) });
        var end = await capture.RunAsync();
        Assert.Equal(new CaptureEnd(CaptureEndKind.Stalled, "no picture for 0.5 s (StallTimeout)", 1), end);
        Assert.InRange(capture.Took.TotalSeconds, 0.4, 2);
        Assert.Equal(0, CameraFiles.Processes("62.7"));
    }

    [Fact]
    public async Task A_rate_below_the_stall_limit_is_not_a_stall()
    {
        var capture = Child(
            $"{OnePicture}; sleep 0.6; {OnePicture}; sleep 0.6; {OnePicture}",
            it => it with { StallTimeout = TimeSpan.FromSeconds(0.3), MaxFrameRate = 1 });
        Assert.Equal((CaptureEndKind.Finished, 3), ((await capture.RunAsync()).Kind, capture.Frames.Count));
    }

    [Fact]
    public async Task A_child_that_closes_its_output_but_stays_is_ended()
    {
        var capture = Child($"{OnePicture}; exec >&- 2>&-; sleep 63.7");
        Assert.Equal(CaptureEndKind.Finished, (await capture.RunAsync()).Kind);
        Assert.Equal(0, CameraFiles.Processes("63.7"));
    }

    [Fact]
    public async Task A_fault_of_the_receiver_leaves_no_child()
    {
        var capture = Child($"{OnePicture}; sleep 64.7");
        await Assert.ThrowsAsync<NotSupportedException>(() => capture.RunAsync(_ => throw new NotSupportedException()));
        Assert.Equal(0, CameraFiles.Processes("64.7"));
    }

    private static Capture Child(string script, Func<CameraSettings, CameraSettings>? change = null) => new(
        (change ?? (it => it))(Capture.Settings("child")),
        new ChildProcessFeed(_ => new ChildCommand
        {
            Program = "/bin/sh",
            Arguments = ["-c", script],
            Remedy = "",
            EndMeans = CaptureEndKind.Finished,
        }));
}
