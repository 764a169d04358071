using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>A small copy of a frame in its own memory: at most 672 pixels wide, so 1 MB or little more. One caller at a time.</summary>
internal sealed class ViewSnapshot
{
    /// <summary>Widest copy, in pixels: frames of a camera without regions and <c>MaxWidth</c> are copied as they are.</summary>
    public const int MaxWidth = 672;

    private static readonly FramePool Pool = new();

    private byte[] _pixels = [];
    private int _width;
    private int _height;
    private CameraId _camera;
    private FrameSequence _sequence;
    private DateTimeOffset _capturedAt;

    /// <summary>Whether there is a copy.</summary>
    public bool IsTaken => _width > 0;

    /// <summary>Replaces the copy. Averages squares of pixels, about 2 ms for 1920 x 1080.</summary>
    public void Take(Frame frame)
    {
        var step = (frame.Width + MaxWidth - 1) / MaxWidth;
        (_width, _height) = (Math.Max(1, frame.Width / step), Math.Max(1, frame.Height / step));
        (_camera, _sequence, _capturedAt) = (frame.Camera, frame.Sequence, frame.CapturedAt);
        var bytes = _width * _height * 3;
        _pixels = _pixels.Length == bytes ? _pixels : new byte[bytes];
        if (step == 1)
        {
            frame.Pixels.CopyTo(_pixels);
            return;
        }

        for (var y = 0; y < _height; y++)
        {
            for (var x = 0; x < _width; x++)
            {
                Average(frame, x * step, y * step, step, _pixels.AsSpan(((y * _width) + x) * 3, 3));
            }
        }
    }

    /// <summary>The copy as a frame, which the caller disposes; null before the first.</summary>
    public Frame? ToFrame()
    {
        if (!IsTaken)
        {
            return null;
        }

        var frame = Pool.Rent(_width, _height, _camera, _sequence, _capturedAt, 0);
        _pixels.CopyTo(frame.Pixels);
        return frame;
    }

    private static void Average(Frame frame, int left, int top, int step, Span<byte> mean)
    {
        var pixels = frame.Pixels;
        int red = 0, green = 0, blue = 0, count = 0;
        for (var y = top; y < Math.Min(top + step, frame.Height); y++)
        {
            for (var x = left; x < Math.Min(left + step, frame.Width); x++)
            {
                var at = ((y * frame.Width) + x) * 3;
                red += pixels[at];
                green += pixels[at + 1];
                blue += pixels[at + 2];
                count++;
            }
        }

        (mean[0], mean[1], mean[2]) = ((byte)(red / count), (byte)(green / count), (byte)(blue / count));
    }
}
