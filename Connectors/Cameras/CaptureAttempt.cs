using System.Globalization;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>One attempt at a camera as its feed sees it: where frames come from and go to, when to stop, and the
/// watchdog over silence. The feed's thread calls it; cancel and watchdog come from others.</summary>
internal sealed class CaptureAttempt : IDisposable
{
    private readonly CameraContext _camera;
    private readonly Action<Frame> _deliver;
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenSource _stop;
    private readonly ITimer _watchdog;
    private readonly TimeSpan _stallLimit;
    private readonly Lock _gate = new();
    private readonly long _started;
    private volatile bool _timedOut;
    private bool _closed;
    private bool _disposed;

    public CaptureAttempt(CameraContext camera, Action<Frame> deliver, CancellationToken cancel)
    {
        _camera = camera;
        _deliver = deliver;
        _cancel = cancel;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Stop = _stop.Token;
        _started = camera.Time.GetTimestamp();

        // A source held to one picture in ten seconds is silent for ten seconds without being stalled.
        _stallLimit = camera.Settings.StallTimeout
            + (camera.Settings.MaxFrameRate is { } rate ? TimeSpan.FromSeconds(1 / rate) : TimeSpan.Zero);
        _watchdog = camera.Time.CreateTimer(
            _ => TimeOut(), null, camera.Settings.OpenTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Set by the caller's cancel and by the watchdog.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Delivered so far.</summary>
    public long Frames { get; private set; }

    public CameraSettings Settings => _camera.Settings;

    public CameraContext Camera => _camera;

    /// <summary>The number that the next delivered frame gets.</summary>
    public FrameSequence NextSequence => new(_camera.LastSequence + 1);

    /// <summary>Since the attempt began.</summary>
    public TimeSpan Elapsed => _camera.Time.GetElapsedTime(_started);

    /// <summary>A frame stamped with this moment, to be filled and delivered (or disposed).</summary>
    /// <exception cref="InvalidDataException">The source's pictures are larger than <see cref="FramePool.MaxSide"/>.</exception>
    public Frame Rent(int width, int height)
    {
        if (width is < 1 or > FramePool.MaxSide || height is < 1 or > FramePool.MaxSide)
        {
            throw new InvalidDataException(
                $"a picture of {width}x{height} pixels was sent; sides of 1 to {FramePool.MaxSide} are accepted");
        }

        return _camera.Pool.Rent(
            width, height, Settings.Id, NextSequence, _camera.Time.GetUtcNow(), _camera.Time.GetTimestamp());
    }

    /// <summary>Passes the frame on, or disposes it when the attempt is stopped.</summary>
    public void Deliver(Frame frame)
    {
        lock (_gate)
        {
            if (_closed || Stop.IsCancellationRequested)
            {
                frame.Dispose();
                return;
            }

            _camera.LastSequence = frame.Sequence.Value;
            Frames++;
            _deliver(frame);
        }

        Touch();
    }

    /// <summary>The source gave a sign of life that became no frame: the silence starts anew.</summary>
    public void Touch() =>
        _watchdog.Change(Frames == 0 ? Settings.OpenTimeout : _stallLimit, Timeout.InfiniteTimeSpan);

    /// <summary>Waits because the feed itself keeps a pace; this silence is not the source's.</summary>
    /// <returns>False when the attempt was stopped meanwhile.</returns>
    public bool Pause(TimeSpan delay)
    {
        if (delay > TimeSpan.Zero)
        {
            _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            using var due = new ManualResetEventSlim();
            using (_camera.Time.CreateTimer(_ => due.Set(), null, delay, Timeout.InfiniteTimeSpan))
            using (Stop.Register(due.Set))
            {
                due.Wait(CancellationToken.None);
            }

            Touch();
        }

        return !Stop.IsCancellationRequested;
    }

    /// <summary>What the attempt came to. Cancel and watchdog come before what the feed saw, since the feed saw only
    /// their consequence.</summary>
    public CaptureEnd End(CaptureEndKind kind, string reason)
    {
        if (_cancel.IsCancellationRequested)
        {
            return new CaptureEnd(CaptureEndKind.Cancelled, "stopped by the caller", Frames);
        }

        if (_timedOut)
        {
            var limit = Frames == 0 ? Settings.OpenTimeout : _stallLimit;
            var silence = string.Create(CultureInfo.InvariantCulture, $"no picture for {limit.TotalSeconds:0.###} s");
            kind = Frames == 0 ? CaptureEndKind.OpenTimedOut : CaptureEndKind.Stalled;
            reason = reason.Length == 0 ? silence : $"{silence}; {reason}";
        }

        return new CaptureEnd(kind, _camera.Secrets.Apply(reason), Frames);
    }

    /// <summary>From here on frames are disposed instead of delivered.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    public void Dispose()
    {
        Close();
        _watchdog.Dispose();
        lock (_stop)
        {
            _disposed = true;
            _stop.Dispose();
        }
    }

    private void TimeOut()
    {
        _timedOut = true;

        // The watchdog may fire while the attempt ends by itself.
        lock (_stop)
        {
            if (!_disposed)
            {
                _stop.Cancel();
            }
        }
    }
}
