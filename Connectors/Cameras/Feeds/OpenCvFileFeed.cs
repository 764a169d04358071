using OpenCvSharp;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>A video file through OpenCV.</summary>
internal sealed class OpenCvFileFeed : IFrameFeed
{
    /// <summary>The rate that is assumed for files without one.</summary>
    private const double UsualRate = 25;

    /// <summary>A decoder that never keeps up delivers a frame this often.</summary>
    private static readonly TimeSpan LongestSkip = TimeSpan.FromMilliseconds(500);

    public CaptureEnd Run(FeedAttempt attempt)
    {
        // A full path cannot be mistaken for an address by the FFmpeg inside.
        var path = Path.GetFullPath(attempt.Settings.Source);
        try
        {
            do
            {
                var before = attempt.Frames;
                using var capture = new VideoCapture(path, VideoCaptureAPIs.FFMPEG);
                if (!capture.IsOpened())
                {
                    return attempt.Failed("OpenCV cannot open it: not a video, damaged, or an unknown codec");
                }

                Play(capture, attempt);
                if (attempt.Frames == before && !attempt.Stop.IsCancellationRequested)
                {
                    return attempt.Failed("OpenCV can decode none of its pictures");
                }
            }
            while (attempt.Settings.Loop && !attempt.Stop.IsCancellationRequested);
            return attempt.End(CaptureEndKind.Finished, "played to its end");
        }
        catch (Exception fault) when (fault is OpenCVException or InvalidDataException)
        {
            return attempt.Failed(fault.Message);
        }
    }

    private static void Play(VideoCapture capture, FeedAttempt attempt)
    {
        var settings = attempt.Settings;
        var period = TimeSpan.FromSeconds(1 / (capture.Fps is > 0 and < 1000 ? capture.Fps : UsualRate));
        var limit = new FrameRateLimit(settings.MaxFrameRate);
        using var pictures = new OpenCvPictures(capture, attempt);
        var pace = new PlaybackPace(settings.Pace == Pace.Real ? settings.Speed : 1);
        var shown = attempt.Elapsed;
        for (var index = 0L; !attempt.Stop.IsCancellationRequested && !pictures.IsHopeless && capture.Grab(); index++)
        {
            attempt.ResetStallTimer();
            var due = pace.Due(MediaTime(capture, index, period), attempt.Elapsed);
            if (!limit.Admit(due))
            {
                CameraMetrics.Skipped(settings.Id, "rate");
                attempt.PassOver(1);
                continue;
            }

            if (settings.Pace == Pace.Real)
            {
                // A real camera does not wait for us: what is late is left out, not shown late.
                var ahead = due - attempt.Elapsed;
                if (ahead < -period && attempt.Elapsed - shown < LongestSkip)
                {
                    CameraMetrics.Skipped(settings.Id, "late");
                    attempt.PassOver(1);
                    continue;
                }

                attempt.Pause(ahead);
            }

            if (!pictures.Deliver())
            {
                attempt.PassOver(1);
            }

            shown = attempt.Elapsed;
        }
    }

    /// <summary>The grabbed frame's time by the file, or by its place where the file has no times.</summary>
    private static TimeSpan MediaTime(VideoCapture capture, long index, TimeSpan period)
    {
        var milliseconds = capture.PosMsec;
        return milliseconds > 0 && double.IsFinite(milliseconds)
            ? TimeSpan.FromMilliseconds(milliseconds)
            : index * period;
    }
}
