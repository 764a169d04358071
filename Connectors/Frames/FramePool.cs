using System.Buffers;

namespace MobileVlm.Edge.Connectors.Frames;

/// <summary>Lends pixel memory to frames and counts what is out, so that a test and the statistics can see a leak.
/// Thread-safe.</summary>
public sealed class FramePool
{
    /// <summary>Largest side accepted from any source, in pixels: a hostile stream must not make us allocate more.</summary>
    public const int MaxSide = 8192;

    private readonly ArrayPool<byte> _memory = ArrayPool<byte>.Shared;
    private long _outstanding;

    /// <summary>Frames handed out and not yet disposed.</summary>
    public long Outstanding => Interlocked.Read(ref _outstanding);

    /// <summary>A frame whose pixels are not written yet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is not within 1..<see cref="MaxSide"/>.</exception>
    public Frame Rent(
        int width, int height, CameraId camera, FrameSequence sequence, DateTimeOffset capturedAt, long capturedTimestamp)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, MaxSide);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, MaxSide);
        var pixels = _memory.Rent(width * height * 3);
        Interlocked.Increment(ref _outstanding);
        return new Frame(this, pixels, width, height)
        {
            Camera = camera,
            Sequence = sequence,
            CapturedAt = capturedAt,
            CapturedTimestamp = capturedTimestamp,
        };
    }

    internal void Return(byte[] pixels)
    {
        Interlocked.Decrement(ref _outstanding);
        _memory.Return(pixels);
    }
}
