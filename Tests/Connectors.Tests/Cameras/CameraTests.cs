using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Tests.Cameras;

public sealed class CameraTests
{
    [Fact]
    public async Task A_driver_that_does_not_return_is_left_behind_and_waited_for_by_the_next_attempt()
    {
        var driver = new StuckFeed();
        var capture = new Capture(
            Capture.Settings("stuck") with
            {
                StallTimeout = TimeSpan.FromSeconds(0.3),
                OpenTimeout = TimeSpan.FromSeconds(1),
            },
            driver);
        Assert.Equal(CaptureEndKind.Stalled, (await capture.RunAsync()).Kind);
        Assert.InRange(capture.Took.TotalSeconds, 0.2, 6);
        Assert.Contains("left behind", capture.Log.ToString(), StringComparison.Ordinal);

        var busy = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenTimedOut, busy.Kind);
        Assert.Equal(1, driver.Runs);

        // Its late frame goes to the pool, not to the receiver; then the device is free again.
        driver.Return.Set();
        Assert.Equal(CaptureEndKind.Lost, (await capture.RunAsync()).Kind);
        Assert.Equal([1, 2, 3], capture.Frames.Select(frame => frame.Sequence));
    }

    [Fact]
    public async Task Two_attempts_at_once_are_refused()
    {
        var capture = new Capture(Capture.Settings("pattern:32x32@50") with { Pace = Pace.Real });
        using var stop = new CancellationTokenSource();
        var first = capture.RunAsync(cancel: stop.Token);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => capture.Camera.CaptureAsync(frame => frame.Dispose(), CancellationToken.None));
        await stop.CancelAsync();
        Assert.Equal(CaptureEndKind.Cancelled, (await first).Kind);
    }

    [Fact]
    public async Task After_the_end_the_thread_is_gone()
    {
        var capture = new Capture(Capture.Settings("pattern:32x32") with { Id = new CameraId("t-h-r") });
        var threads = -1;
        await capture.RunAsync(frame =>
        {
            threads = Threads("cam t-h-r");
            return true;
        });
        Assert.Equal(1, threads);

        // The task completes from within the thread, moments before its end.
        Assert.True(SpinWait.SpinUntil(() => Threads("cam t-h-r") == 0, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_cancel_before_the_start_delivers_nothing()
    {
        var capture = new Capture(Capture.Settings("pattern:32x32"));
        var end = await capture.RunAsync(cancel: new CancellationToken(canceled: true));
        Assert.Equal((CaptureEndKind.Cancelled, 0), (end.Kind, end.Frames));
    }

    [Fact]
    public async Task A_fault_of_the_receiver_is_not_taken_for_the_cameras()
    {
        var capture = new Capture(Capture.Settings("pattern:32x32"));
        await Assert.ThrowsAsync<NotSupportedException>(() => capture.Camera.CaptureAsync(
            frame =>
            {
                frame.Dispose();
                throw new NotSupportedException();
            },
            CancellationToken.None));
    }

    private static int Threads(string name) => Directory.EnumerateDirectories("/proc/self/task").Count(thread =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "comm")).Trim() == name;
        }
        catch (IOException)
        {
            // It ended between the listing and the read.
            return false;
        }
    });

    /// <summary>Delivers a frame, then ignores being stopped, then delivers another.</summary>
    private sealed class StuckFeed : IFrameFeed
    {
        private int _runs;

        public ManualResetEventSlim Return { get; } = new();

        public int Runs => _runs;

        public CaptureEnd Run(FeedAttempt attempt)
        {
            Interlocked.Increment(ref _runs);
            attempt.Deliver(attempt.Rent(4, 4));
            Return.Wait();
            attempt.Deliver(attempt.Rent(4, 4));
            return attempt.End(CaptureEndKind.Lost, "unplugged");
        }
    }
}
