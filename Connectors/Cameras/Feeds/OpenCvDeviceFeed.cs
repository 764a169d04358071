using OpenCvSharp;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>A V4L2 device through OpenCV. A grab blocks for up to ten seconds when the device is silent and cannot be
/// interrupted; the watchdog ends the attempt sooner, and the next attempt waits for the thread that is still blocked.</summary>
internal sealed class OpenCvDeviceFeed : IFrameFeed
{
    public CaptureEnd Run(FeedAttempt attempt)
    {
        try
        {
            using var capture = new VideoCapture(attempt.Settings.Source, VideoCaptureAPIs.V4L2);
            if (!capture.IsOpened())
            {
                return attempt.End(
                    CaptureEndKind.OpenFailed,
                    "OpenCV cannot open it: in use by another program, or not a V4L2 capture device");
            }

            // Otherwise the driver's queue hands out frames that are several intervals old.
            capture.Set(VideoCaptureProperties.BufferSize, 1);
            var limit = new FrameRateLimit(attempt.Settings.MaxFrameRate);
            using var pictures = new OpenCvPictures(capture, attempt);
            while (!attempt.Stop.IsCancellationRequested && !pictures.IsHopeless && capture.Grab())
            {
                if (!limit.Admit(attempt.Elapsed))
                {
                    attempt.ResetStallTimer();
                    CameraMetrics.Skipped(attempt.Settings.Id, "rate");
                    attempt.PassOver(1);
                    continue;
                }

                pictures.Deliver();
            }

            return attempt.Failed(
                pictures.IsHopeless ? "OpenCV can decode none of its pictures" : "the device stopped sending");
        }
        catch (Exception fault) when (fault is OpenCVException or InvalidDataException)
        {
            return attempt.Failed(fault.Message);
        }
    }
}
