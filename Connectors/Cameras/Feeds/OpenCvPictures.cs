using MobileVlm.Edge.Connectors.Images;
using OpenCvSharp;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>Copies what OpenCV grabbed into frames. Belongs to one attempt.</summary>
internal sealed class OpenCvPictures(VideoCapture capture, FeedAttempt attempt) : IDisposable
{
    /// <summary>OpenCV opens codecs that it cannot decode; after this many frames another decoder is tried.</summary>
    private const int MostUndecoded = 25;

    private readonly Mat _picture = new();
    private readonly Mat _scaled = new();
    private int _undecoded;

    /// <summary>Frames were grabbed, and not one of them could be decoded.</summary>
    public bool IsHopeless => attempt.Frames == 0 && _undecoded >= MostUndecoded;

    /// <summary>Decodes the frame that was grabbed last and delivers it.</summary>
    /// <returns>False when it could not be decoded.</returns>
    public unsafe bool Deliver()
    {
        if (!capture.Retrieve(_picture) || _picture.Empty())
        {
            _undecoded++;
            return false;
        }

        var source = _picture;
        var (width, height) = PictureScaler.Fit(source.Width, source.Height, attempt.Settings.MaxWidth ?? int.MaxValue);
        if (width != source.Width)
        {
            Cv2.Resize(source, _scaled, new Size(width, height), 0, 0, InterpolationFlags.Area);
            source = _scaled;
        }

        attempt.Deliver(width, height, frame =>
        {
            fixed (byte* pixels = frame)
            {
                // OpenCV writes into the frame's own memory, because size and type are already what it would make.
                using var target = Mat.FromPixelData(height, width, MatType.CV_8UC3, (nint)pixels);
                var order = source.Channels() == 1 ? ColorConversionCodes.GRAY2RGB : ColorConversionCodes.BGR2RGB;
                Cv2.CvtColor(source, target, order);
            }
        });
        return true;
    }

    public void Dispose()
    {
        _scaled.Dispose();
        _picture.Dispose();
    }
}
