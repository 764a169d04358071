using OpenCvSharp;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>A V4L2 device through OpenCV. A grab blocks for up to ten seconds when the device is silent and cannot be
/// interrupted; the watchdog ends the attempt before, and the thread is waited for by the next one.</summary>
internal sealed class OpenCvDeviceFeed : IPictureFeed
{
    public CaptureEnd Run(CaptureAttempt attempt)
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

            // Else the driver's queue hands out pictures that are several frames old.
            capture.Set(VideoCaptureProperties.BufferSize, 1);
            var limit = new FrameRateLimit(attempt.Settings.MaxFrameRate);
            using var pictures = new OpenCvPictures(capture, attempt);
            while (!attempt.Stop.IsCancellationRequested && capture.Grab())
            {
                if (!limit.Admit(attempt.Elapsed))
                {
                    attempt.Touch();
                    CameraMetrics.Skipped(attempt.Settings.Id, "rate");
                    continue;
                }

                pictures.Deliver();
            }

            return Lost(attempt, "the device stopped sending");
        }
        catch (Exception fault) when (fault is OpenCVException or InvalidDataException)
        {
            return Lost(attempt, fault.Message);
        }
    }

    private static CaptureEnd Lost(CaptureAttempt attempt, string reason) =>
        attempt.End(attempt.Frames == 0 ? CaptureEndKind.OpenFailed : CaptureEndKind.Lost, reason);
}
