using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>Encodes the next frame of a camera as JPEG on request. A frame that nobody waits for is not copied.
/// Thread-safe.</summary>
internal sealed class SnapshotCapture
{
    private Request? _waiting;

    /// <summary>The next frame as JPEG; everybody who waits gets the same.</summary>
    /// <param name="toJpeg">Encodes it.</param>
    public Task<(byte[] Jpeg, FrameSequence Sequence)> NextAsync(Func<Frame, byte[]> toJpeg)
    {
        var fresh = new Request(toJpeg);
        return (Interlocked.CompareExchange(ref _waiting, fresh, null) ?? fresh).Done.Task;
    }

    /// <summary>Copies a captured frame if somebody waits for one. On the capture thread; returns at once.</summary>
    public void Offer(Frame frame)
    {
        if (Volatile.Read(ref _waiting) is not null && Interlocked.Exchange(ref _waiting, null) is { } request)
        {
            Start(request, frame.Copy());
        }
    }

    // A method of its own, so that the closure is allocated only where somebody waits.
    private static void Start(Request request, Frame copy) => _ = Task.Run(() => Encode(request, copy));

    private static void Encode(Request request, Frame frame)
    {
        using (frame)
        {
            try
            {
                request.Done.SetResult((request.ToJpeg(frame), frame.Sequence));
            }
            catch (Exception fault)
            {
                request.Done.SetException(fault);
            }
        }
    }

    private sealed record Request(Func<Frame, byte[]> ToJpeg)
    {
        public TaskCompletionSource<(byte[] Jpeg, FrameSequence Sequence)> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
