using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>Decodes images of an HTTP camera into frames, at most as many as asked for. Belongs to one attempt.</summary>
internal sealed partial class HttpImages(FeedAttempt attempt)
{
    private readonly FrameRateLimit _rate = new(attempt.Settings.MaxFrameRate);
    private readonly PictureLimits _limits = PictureLimits.Local with
    {
        MaxPixels = FramePool.MaxSide * FramePool.MaxSide,
        MaxWidth = attempt.Settings.MaxWidth ?? FramePool.MaxSide,
        MaxHeight = FramePool.MaxSide,
    };

    private bool _reported;

    /// <summary>Images that came, shown or not.</summary>
    public int Seen { get; private set; }

    /// <summary>Why the last image could not be shown; null after one that could.</summary>
    public string? Fault { get; private set; }

    /// <summary>An image of a stream, which is left out when it comes too soon after the last one.</summary>
    public void ShowAtRate(ReadOnlySpan<byte> file)
    {
        Seen++;
        if (_rate.Admit(attempt.Elapsed))
        {
            Show(file);
        }
        else
        {
            CameraMetrics.Skipped(attempt.Settings.Id, "rate");
            attempt.PassOver(1);
            attempt.ResetStallTimer();
        }
    }

    /// <summary>Shows an image, or counts it as unreadable.</summary>
    public void Show(ReadOnlySpan<byte> file)
    {
        Frame? frame = null;
        try
        {
            ImageCodec.Decode(
                file, "the camera's picture", _limits, (width, height) => (frame = attempt.Rent(width, height)).Pixels);
        }
        catch (Exception fault) when (fault is ImageFileException or InvalidDataException)
        {
            // It is skipped like a lost one; a camera that sends no others ends by the stall timeout.
            frame?.Dispose();
            Fault = fault.Message;
            attempt.PassOver(1);
            CameraMetrics.PicturesUnreadable.Add(1, CameraMetrics.Tag(attempt.Settings.Id));
            if (!_reported)
            {
                _reported = true;
                LogSkipped(attempt.Context.Log, attempt.Settings.Id, fault.Message);
            }

            return;
        }

        Fault = null;
        attempt.Deliver(frame!);
    }

    [LoggerMessage(EventId = 21, Level = LogLevel.Warning, Message =
        "Camera {Camera}: a picture that cannot be decoded is left out, others like it without a line: {Reason}")]
    private static partial void LogSkipped(ILogger log, CameraId camera, string reason);
}
