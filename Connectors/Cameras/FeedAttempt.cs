using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>One attempt at a camera as its feed sees it: where frames come from and go to, when to stop, and the
/// watchdog over silence. The feed's thread calls it; cancel and watchdog come from others.</summary>
internal sealed class FeedAttempt : IDisposable
{
    /// <summary>A camera that sends packets but no key frame yet is waited for at least this long: 30 s is the longest interval
    /// between key frames that cameras offer, and the connection takes some time as well.</summary>
    internal static readonly TimeSpan KeyFrameWait = TimeSpan.FromSeconds(35);

    /// <summary>A key frame that takes longer is worth a log line.</summary>
    private static readonly TimeSpan UsualKeyFrameWait = TimeSpan.FromSeconds(3);

    private readonly CameraContext _context;
    private readonly Action<Frame> _deliver;
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenSource _stop;
    private readonly ITimer _watchdog;
    private readonly Lock _lock = new();
    private readonly long _started;
    private volatile bool _timedOut;
    private TimeSpan? _streamsAnnouncedAt;
    private TimeSpan? _firstPacket;
    private TimeSpan? _lastPicture;
    private TimeSpan _interval;
    private bool _waitReported;
    private SecretMask _secrets;
    private bool _closed;
    private bool _disposed;

    public FeedAttempt(CameraContext context, Action<Frame> deliver, CancellationToken cancel)
    {
        _context = context;
        (Settings, _secrets) = (context.Settings, context.Secrets);
        _deliver = deliver;
        _cancel = cancel;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Stop = _stop.Token;
        _started = context.Time.GetTimestamp();

        _watchdog = context.Time.CreateTimer(
            _ => TimeOut(), null, context.Settings.OpenTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Set by the caller's cancel and by the watchdog.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Delivered so far.</summary>
    public long Frames { get; private set; }

    /// <summary>Whether packets of the stream came, with or without a frame.</summary>
    public bool SawPackets
    {
        get
        {
            lock (_lock)
            {
                return _firstPacket is not null;
            }
        }
    }

    public CameraSettings Settings { get; private set; }

    public CameraContext Context => _context;

    /// <summary>The number that the next delivered frame gets.</summary>
    public FrameSequence NextSequence => new(_context.LastSequence + 1);

    /// <summary>Time since the attempt began.</summary>
    public TimeSpan Elapsed => _context.Time.GetElapsedTime(_started);

    /// <summary>Switches to the stream that the camera named. Its password is masked in messages as well. The time-out for the
    /// first frame starts again.</summary>
    public void UseStream(CameraSettings settings)
    {
        Settings = settings;
        _secrets = new SecretMask(settings.Source);
        ResetStallTimer();
    }

    /// <summary>A frame stamped with this moment, to be filled and delivered (or disposed).</summary>
    /// <exception cref="InvalidDataException">The source's frames are larger than <see cref="FramePool.MaxSide"/>.</exception>
    public Frame Rent(int width, int height)
    {
        if (width is < 1 or > FramePool.MaxSide || height is < 1 or > FramePool.MaxSide)
        {
            throw new InvalidDataException(
                $"a picture of {width}x{height} pixels was sent; sides of 1 to {FramePool.MaxSide} are accepted");
        }

        return _context.Pool.Rent(
            width, height, Settings.Id, NextSequence, _context.Time.GetUtcNow(), _context.Time.GetTimestamp());
    }

    /// <summary>Rents a frame, has it filled and passes it on; it goes back to the pool when filling it throws.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Rent"/>.</exception>
    public void Deliver(int width, int height, WritePixels write)
    {
        var frame = Rent(width, height);
        try
        {
            write(frame.Pixels);
        }
        catch
        {
            frame.Dispose();
            throw;
        }

        Deliver(frame);
    }

    /// <summary>Passes the frame on, or disposes it when the attempt is stopped.</summary>
    public void Deliver(Frame frame)
    {
        lock (_lock)
        {
            if (_closed || Stop.IsCancellationRequested)
            {
                frame.Dispose();
                return;
            }

            var now = Elapsed;
            _interval = (_lastPicture ?? _streamsAnnouncedAt) is { } before ? now - before : TimeSpan.Zero;
            _lastPicture = now;
            _context.LastSequence = frame.Sequence.Value;
            Frames++;
            _deliver(frame);
        }

        ResetStallTimer();
    }

    /// <summary>The source has sent frames that are left out. They count in the numbers of the frames after them.</summary>
    public void PassOver(long pictures)
    {
        lock (_lock)
        {
            if (!_closed)
            {
                _context.LastSequence += pictures;
            }
        }
    }

    /// <summary>The camera has named the streams that it sends, and no packet came yet. Where it sends a frame every few seconds, the
    /// first one takes two of these intervals, because a decoder recognizes the end of a frame by the beginning of the next one.
    /// Does nothing after the first packet. Thread-safe.</summary>
    public void StreamsAnnounced()
    {
        lock (_lock)
        {
            if (_firstPacket is null && Frames == 0 && !_closed && !Stop.IsCancellationRequested)
            {
                _streamsAnnouncedAt ??= Elapsed;
                _watchdog.Change(SilenceLimit, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>The stream runs but has no frame yet, which is not silence: see <see cref="KeyFrameWait"/>. Does nothing after
    /// the first frame. Thread-safe.</summary>
    /// <param name="reportsMore">Whether each later packet is reported as well, so that silence can be distinguished from waiting.</param>
    public void PacketArrived(bool reportsMore = true)
    {
        lock (_lock)
        {
            if (Frames > 0 || _closed || Stop.IsCancellationRequested)
            {
                return;
            }

            var now = Elapsed;
            _firstPacket ??= now;
            var waited = now - _firstPacket.Value;
            if (waited > UsualKeyFrameWait && !_waitReported)
            {
                _waitReported = true;
                _context.LogWaiting(waited);
            }

            // OpenTimeout limits silence; this limit ends a stream that is not silent.
            var left = LongestKeyFrameWait - waited;
            _watchdog.Change(
                left < TimeSpan.Zero ? TimeSpan.Zero : left < Settings.OpenTimeout || !reportsMore ? left : Settings.OpenTimeout,
                Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The source sent data that is not a frame: the stall timeout starts again.</summary>
    public void ResetStallTimer() =>
        _watchdog.Change(SilenceLimit, Timeout.InfiniteTimeSpan);

    /// <summary>Waits because the feed itself keeps a pace; this silence is not the source's.</summary>
    /// <returns>False when the attempt was stopped meanwhile.</returns>
    public bool Pause(TimeSpan delay)
    {
        if (delay > TimeSpan.Zero)
        {
            _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            using var due = new ManualResetEventSlim();
            using (_context.Time.CreateTimer(_ => due.Set(), null, delay, Timeout.InfiniteTimeSpan))
            using (Stop.Register(due.Set))
            {
                due.Wait(CancellationToken.None);
            }

            ResetStallTimer();
        }

        return !Stop.IsCancellationRequested;
    }

    /// <summary>The result of the attempt. Cancellation and watchdog take precedence over what the feed saw, because the feed saw only
    /// their consequence.</summary>
    public CaptureEnd End(CaptureEndKind kind, string reason)
    {
        if (_cancel.IsCancellationRequested)
        {
            return new CaptureEnd(CaptureEndKind.Cancelled, "stopped by the caller", Frames);
        }

        if (_timedOut)
        {
            kind = Frames == 0 ? CaptureEndKind.OpenTimedOut : CaptureEndKind.Stalled;
            reason = reason.Length == 0 ? Silence() : $"{Silence()}; {reason}";
        }

        return new CaptureEnd(kind, _context.Secrets.Apply(_secrets.Apply(reason)), Frames);
    }

    /// <summary>The end of an attempt whose source failed.</summary>
    public CaptureEnd Failed(string reason) =>
        End(Frames == 0 ? CaptureEndKind.OpenFailed : CaptureEndKind.Lost, reason);

    /// <summary>From this call on, frames are disposed instead of delivered.</summary>
    public void Close()
    {
        lock (_lock)
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

    private TimeSpan LongestKeyFrameWait => KeyFrameWait > Settings.OpenTimeout ? KeyFrameWait : Settings.OpenTimeout;

    /// <summary>Longest silence from now on.</summary>
    private TimeSpan SilenceLimit =>
        Frames > 0 ? Settings.StallTimeout + UsualSilence
        : _streamsAnnouncedAt is not null && _firstPacket is null ? 2 * Settings.OpenTimeout
        : Settings.OpenTimeout;

    /// <summary>Time between two frames that is normal for this source or its MaxFrameRate; zero where it is short.</summary>
    private TimeSpan UsualSilence
    {
        get
        {
            var own = _interval > Settings.StallTimeout / 2 ? _interval : TimeSpan.Zero;
            return own > RateInterval ? own : RateInterval;
        }
    }

    private TimeSpan RateInterval =>
        Settings.MaxFrameRate is { } rate ? TimeSpan.FromSeconds(1 / rate) : TimeSpan.Zero;

    private string Silence()
    {
        if (Frames > 0)
        {
            var usual = UsualSilence;
            return $"no picture for {Seconds(SilenceLimit)} "
                + (usual == TimeSpan.Zero ? "(StallTimeout)"
                    : usual == RateInterval
                        ? $"(StallTimeout of {Seconds(Settings.StallTimeout)}, and {Seconds(usual)} between pictures by MaxFrameRate)"
                        : $"(StallTimeout of {Seconds(Settings.StallTimeout)}, and {Seconds(usual)} that the picture before took)");
        }

        if (_firstPacket is not { } first)
        {
            return _streamsAnnouncedAt is null
                ? $"no picture for {Seconds(Settings.OpenTimeout)} (OpenTimeout)"
                : $"the camera answered but sent no picture for {Seconds(SilenceLimit)} (twice OpenTimeout)";
        }

        return Elapsed - first >= LongestKeyFrameWait - TimeSpan.FromSeconds(1)
            ? $"the stream runs but sent no key frame for {Seconds(LongestKeyFrameWait)}; set the camera's key frame (I-frame) "
                + "interval to 10 s or less"
            : $"the stream began without a key frame, then fell silent for {Seconds(Settings.OpenTimeout)} (OpenTimeout)";
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

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
