using System.Buffers.Binary;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Small frames that know which they are by their pixels.</summary>
internal static class FakeFrame
{
    public static Frame Take(FramePool pool, CameraId camera, long sequence, TimeProvider time, TimeSpan age = default)
    {
        var captured = time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency);
        var frame = pool.Rent(4, 2, camera, new FrameSequence(sequence), time.GetUtcNow() - age, captured);
        frame.Pixels.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(frame.Pixels, sequence);
        return frame;
    }

    /// <summary>Side of the square to which another host's encoder pads such a frame, without resampling it.</summary>
    public const int SquareSize = 4;

    // A square has one row of padding above the frame.
    public static long SequenceIn(ReadOnlySpan<byte> pixels) => BinaryPrimitives.ReadInt64LittleEndian(
        pixels.Length == SquareSize * SquareSize * 3 ? pixels[(SquareSize * 3)..] : pixels);
}
