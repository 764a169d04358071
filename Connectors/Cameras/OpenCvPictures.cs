using MobileVlm.Edge.Connectors.Images;
using OpenCvSharp;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Takes grabbed pictures out of OpenCV into frames. Belongs to one attempt.</summary>
internal sealed class OpenCvPictures(VideoCapture capture, CaptureAttempt attempt) : IDisposable
{
    private readonly Mat _picture = new();
    private readonly Mat _scaled = new();

    /// <summary>Decodes the picture that was grabbed last and delivers it.</summary>
    /// <returns>False when it could not be decoded.</returns>
    public unsafe bool Deliver()
    {
        if (!capture.Retrieve(_picture) || _picture.Empty())
        {
            return false;
        }

        var source = _picture;
        var (width, height) = PictureScaler.Fit(source.Width, source.Height, attempt.Settings.MaxWidth ?? int.MaxValue);
        if (width != source.Width)
        {
            Cv2.Resize(source, _scaled, new Size(width, height), 0, 0, InterpolationFlags.Area);
            source = _scaled;
        }

        var frame = attempt.Rent(width, height);
        fixed (byte* pixels = frame.Pixels)
        {
            // OpenCV writes into the frame's own memory, since size and type are already what it would make.
            using var target = Mat.FromPixelData(height, width, MatType.CV_8UC3, (nint)pixels);
            var order = source.Channels() == 1 ? ColorConversionCodes.GRAY2RGB : ColorConversionCodes.BGR2RGB;
            Cv2.CvtColor(source, target, order);
        }

        attempt.Deliver(frame);
        return true;
    }

    public void Dispose()
    {
        _scaled.Dispose();
        _picture.Dispose();
    }
}
