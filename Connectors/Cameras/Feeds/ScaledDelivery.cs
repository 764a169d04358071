using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>Writes the pixels of one frame, [height, width, 3].</summary>
internal delegate void WritePixels(Span<byte> pixels);

/// <summary>Delivers frames. Applies MaxFrameRate and MaxWidth where the decoder cannot.</summary>
internal sealed class ScaledDelivery(FeedAttempt attempt, bool limit)
{
    private readonly FrameRateLimit _rate = new(limit ? attempt.Settings.MaxFrameRate : null);
    private readonly int _maxWidth = (limit ? attempt.Settings.MaxWidth : null) ?? FramePool.MaxSide;
    private byte[] _large = [];

    /// <param name="width">Width of the frame, in pixels.</param>
    /// <param name="height">Height of the frame, in pixels.</param>
    /// <param name="write">Called once, also for a frame that is left out, because it must leave the pipe.</param>
    public void Deliver(int width, int height, WritePixels write)
    {
        var admitted = _rate.Admit(attempt.Elapsed);
        if (admitted && width <= _maxWidth)
        {
            attempt.Deliver(width, height, write);
            return;
        }

        var bytes = width * height * 3;
        if (_large.Length < bytes)
        {
            _large = new byte[bytes];
        }

        if (!admitted)
        {
            write(_large.AsSpan(0, bytes));
            CameraMetrics.Skipped(attempt.Settings.Id, "rate");
            attempt.PassOver(1);
            attempt.ResetStallTimer();
            return;
        }

        var (scaledWidth, scaledHeight) = PictureScaler.Fit(width, height, _maxWidth);
        attempt.Deliver(scaledWidth, scaledHeight, pixels =>
        {
            write(_large.AsSpan(0, bytes));
            PictureScaler.Shrink(_large.AsSpan(0, bytes), width, height, pixels, scaledWidth, scaledHeight);
        });
    }
}
