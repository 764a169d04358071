using System.Buffers.Binary;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Cluster.Tests;

/// <summary>A camera whose frames have their number painted into the first pixels. The frames have the encoder's size, so nothing is
/// resampled.</summary>
internal sealed class PaintedCamera(string id, int size, TimeSpan every, FramePool pool, TimeProvider time) : ICameraSource
{
    private long _sequence;

    public CameraId Id { get; } = new(id);

    public string Description => $"painted {id}";

    public bool IsLive => true;

    public async Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(every, time);
        while (!cancel.IsCancellationRequested)
        {
            var sequence = ++_sequence;
            var frame = pool.Rent(size, size, Id, new FrameSequence(sequence), time.GetUtcNow(), time.GetTimestamp());
            frame.Pixels.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(frame.Pixels, sequence);
            deliver(frame);
            // A cancelled wait ends the loop.
            Task next = timer.WaitForNextTickAsync(cancel).AsTask();
            await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return new CaptureEnd(CaptureEndKind.Cancelled, "", _sequence);
    }
}
