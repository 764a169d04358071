using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>A camera that the test pushes frames into. Each frame's first pixels hold its sequence number.</summary>
internal sealed class FakeCamera(string id, FramePool pool, TimeProvider time) : ICameraSource
{
    private readonly Lock _lock = new();
    private Action<Frame>? _deliver;
    private TaskCompletionSource<CaptureEnd>? _end;
    private long _sequence;
    private long _framesThisTime;

    public CameraId Id { get; } = new(id);

    public string Description => $"fake {id}";

    public bool IsLive { get; set; } = true;

    /// <summary>Started attempts, numbered from 1.</summary>
    public Recording<int> Attempts { get; } = new();

    /// <summary>Set to throw out of the capture, as no source should.</summary>
    public Func<Task<CaptureEnd>>? Broken { get; set; }

    public long LastSequence => Interlocked.Read(ref _sequence);

    public async Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        if (Broken is { } broken)
        {
            Attempts.Add(Attempts.Items.Count + 1);
            return await broken();
        }

        var end = new TaskCompletionSource<CaptureEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _deliver = deliver;
            _end = end;
            _framesThisTime = 0;
        }

        await using var cancelled = cancel.Register(() => End(CaptureEndKind.Cancelled));
        Attempts.Add(Attempts.Items.Count + 1);
        return await end.Task;
    }

    /// <summary>Delivers a frame of the test's own.</summary>
    /// <returns>Its sequence number, or 0 if nobody captures.</returns>
    public long Push(int width, int height, ReadOnlySpan<byte> pixels)
    {
        lock (_lock)
        {
            if (_deliver is null)
            {
                return 0;
            }

            _framesThisTime++;
            var sequence = Interlocked.Increment(ref _sequence);
            var frame = pool.Rent(width, height, Id, new FrameSequence(sequence), time.GetUtcNow(), time.GetTimestamp());
            pixels.CopyTo(frame.Pixels);
            _deliver(frame);
            return sequence;
        }
    }

    /// <summary>Delivers one frame.</summary>
    /// <returns>Its sequence number, or 0 if nobody captures.</returns>
    public long Push(TimeSpan age = default)
    {
        lock (_lock)
        {
            if (_deliver is null)
            {
                return 0;
            }

            _framesThisTime++;
            var sequence = Interlocked.Increment(ref _sequence);
            _deliver(FakeFrame.Take(pool, Id, sequence, time, age));
            return sequence;
        }
    }

    public void End(CaptureEndKind kind)
    {
        lock (_lock)
        {
            _deliver = null;
            _end?.TrySetResult(new CaptureEnd(kind, "as the test wants", _framesThisTime));
        }
    }

    /// <summary>Delivers frames at a pace until cancelled, on a thread of its own like a real source.</summary>
    public IDisposable Play(TimeSpan every)
    {
        var stop = new CancellationTokenSource();
        var thread = new Thread(() =>
        {
            do
            {
                Push();
            }
            while (!stop.Token.WaitHandle.WaitOne(every));
        })
        { IsBackground = true, Name = $"fake-{id}" };
        thread.Start();
        return new Player(stop, thread);
    }

    private sealed class Player(CancellationTokenSource stop, Thread thread) : IDisposable
    {
        public void Dispose()
        {
            stop.Cancel();
            thread.Join();
            stop.Dispose();
        }
    }
}
