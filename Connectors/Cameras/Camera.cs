using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Runs a feed on its own thread, one attempt at a time, and keeps the promise that an attempt ends
/// within a second of being stopped even where native code does not return.</summary>
internal sealed partial class Camera(CameraContext context, string description, IFrameFeed feed) : ICameraSource
{
    /// <summary>How long a stopped feed may take to clean up before it is abandoned.</summary>
    private static readonly TimeSpan CleanUpTime = TimeSpan.FromMilliseconds(800);

    private int _running;
    private Task<CaptureEnd>? _leftBehind;

    public CameraId Id => context.Settings.Id;

    public string Description => description;

    public bool IsLive => context.IsLive;

    /// <exception cref="InvalidOperationException">An attempt is already running.</exception>
    public Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(deliver);
        if (Interlocked.Exchange(ref _running, 1) == 1)
        {
            throw new InvalidOperationException($"Camera '{Id}' is already being captured from.");
        }

        return CaptureOnceAsync(deliver, cancel);
    }

    private async Task<CaptureEnd> CaptureOnceAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        try
        {
            // Two threads must not hold one device: the one left behind by the last attempt comes first.
            if (_leftBehind is { IsCompleted: false } busy
                && await Task.WhenAny(busy, Task.Delay(context.Settings.OpenTimeout, context.Time, cancel)) != busy)
            {
                return cancel.IsCancellationRequested
                    ? new CaptureEnd(CaptureEndKind.Cancelled, "stopped by the caller", 0)
                    : new CaptureEnd(
                        CaptureEndKind.OpenTimedOut, "the driver has not returned from the last attempt", 0);
            }

            _leftBehind = null;
            var end = await RunFeedAsync(deliver, cancel);
            LogEnded(context.Log, Id, end.Frames, end.Reason);
            return end;
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private async Task<CaptureEnd> RunFeedAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        LogOpening(context.Log, Id, description);
        var attempt = new FeedAttempt(context, Announced(deliver), cancel);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = attempt.Stop.Register(stopped.SetResult);
        var work = StartThread(attempt);
        await Task.WhenAny(work, stopped.Task);

        // By the real clock, not the time provider: this bounds native code.
        await Task.WhenAny(work, Task.Delay(CleanUpTime, CancellationToken.None));
        if (work.IsCompleted)
        {
            return await work;
        }

        attempt.Close();
        _leftBehind = work;
        LogLeftBehind(context.Log, Id, description);
        CameraMetrics.ThreadsLeftBehind.Add(1, CameraMetrics.Tag(Id));
        return attempt.End(CaptureEndKind.Lost, "the driver did not return; its thread was left behind");
    }

    private Action<Frame> Announced(Action<Frame> deliver)
    {
        var opening = context.Time.GetTimestamp();
        var first = true;
        return frame =>
        {
            if (first)
            {
                first = false;
                var took = context.Time.GetElapsedTime(opening);
                LogFirstPicture(context.Log, Id, frame.Width, frame.Height, took.TotalSeconds);
            }

            deliver(frame);
        };
    }

    private Task<CaptureEnd> StartThread(FeedAttempt attempt)
    {
        var done = new TaskCompletionSource<CaptureEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using (attempt)
                {
                    done.SetResult(feed.Run(attempt));
                }
            }
            catch (Exception fault)
            {
                // Feeds turn what a device does into an end; this is a fault of ours or of the receiver.
                done.TrySetException(fault);
            }
        })
        {
            IsBackground = true,
            Name = $"cam {Id}",
        };
        thread.Start();
        return done.Task;
    }
}
