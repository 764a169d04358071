using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>A source that can never be opened.</summary>
internal sealed class FailingFeed(string fault) : IFrameFeed
{
    public CaptureEnd Run(FeedAttempt attempt) => attempt.End(CaptureEndKind.OpenFailed, fault);
}

/// <summary>A second decoder for what the first one cannot open or decode.</summary>
internal sealed class FallbackFeed(IFrameFeed first, IFrameFeed second) : IFrameFeed
{
    public CaptureEnd Run(FeedAttempt attempt)
    {
        var end = first.Run(attempt);
        if (end.Kind != CaptureEndKind.OpenFailed || attempt.Stop.IsCancellationRequested)
        {
            return end;
        }

        // It opens the source again, so it has the whole limit again.
        attempt.ResetStallTimer();
        var other = second.Run(attempt);
        return other.Kind == CaptureEndKind.OpenFailed ? other with { Reason = $"{other.Reason}; {end.Reason}" } : other;
    }
}

/// <summary>A file or folder. Which of them is found out at each attempt, because disks are mounted late.</summary>
internal sealed class LocalFeed(bool openCv) : IFrameFeed
{
    public CaptureEnd Run(FeedAttempt attempt)
    {
        var path = attempt.Settings.Source;
        IFrameFeed feed =
            ImageFolderFeed.Shows(path) ? new ImageFolderFeed()
            : !File.Exists(path) ? new FailingFeed($"'{path}' does not exist; check the path and that its disk is mounted")
            : openCv ? new FallbackFeed(new OpenCvFileFeed(), new ChildProcessFeed(FfmpegCommand.File))
            : new ChildProcessFeed(FfmpegCommand.File);
        return feed.Run(attempt);
    }
}

/// <summary>A V4L2 device.</summary>
internal sealed class DeviceFeed(bool openCv) : IFrameFeed
{
    public CaptureEnd Run(FeedAttempt attempt)
    {
        var path = attempt.Settings.Source;
        try
        {
            // Neither OpenCV nor ffmpeg distinguishes the two most frequent causes from all others.
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
        catch (UnauthorizedAccessException)
        {
            return attempt.End(
                CaptureEndKind.OpenFailed, $"no permission for '{path}'; add the service's user to the group 'video'");
        }
        catch (IOException fault)
        {
            return attempt.End(
                CaptureEndKind.OpenFailed,
                $"{fault.Message} Check that the camera is plugged in (v4l2-ctl --list-devices)");
        }

        var ffmpeg = new ChildProcessFeed(FfmpegCommand.Device);
        IFrameFeed feed = openCv ? new FallbackFeed(new OpenCvDeviceFeed(), ffmpeg) : ffmpeg;
        return feed.Run(attempt);
    }
}
