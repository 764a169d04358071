using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors;

/// <summary>The camera gave its first picture (true), or its attempt ended (false).</summary>
internal sealed record CameraAvailability(CameraId Camera, bool Online);

/// <summary>A file that does not loop was played to its end; said once.</summary>
internal sealed record CameraFinished(CameraId Camera);

/// <summary>Ends the attempt, then the actor.</summary>
internal sealed record StopCamera
{
    public static readonly StopCamera Instance = new();
}

/// <summary>Captures from one camera for ever, attempt after attempt. Whatever one camera does stays in its own
/// actor.</summary>
internal sealed partial class CameraActor : ReceiveActor
{
    private readonly ICameraSource _source;
    private readonly CameraLane _lane;
    private readonly IActorRef _publisher;
    private readonly ReconnectSettings _reconnect;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Backoff _backoff;
    private Attempt? _attempt;
    private ITimer? _retry;
    private CaptureEndKind? _lastFault;
    private bool _stopping;

    public CameraActor(
        ICameraSource source,
        CameraLane lane,
        IActorRef publisher,
        ReconnectSettings reconnect,
        Func<double> random,
        TimeProvider time,
        ILogger<CameraActor> logger)
    {
        _source = source;
        _lane = lane;
        _publisher = publisher;
        _reconnect = reconnect;
        _time = time;
        _logger = logger;
        _backoff = new Backoff(reconnect, random);
        Receive<StartAttempt>(_ => Start());
        Receive<FirstFrame>(first => WhenOf(first.Attempt, CameOnline));
        Receive<AttemptEnded>(ended => WhenOf(ended.Attempt, () => Ended(ended.Attempt, ended.End)));
        Receive<StopCamera>(_ => Stop());
    }

    protected override void PreStart() => Self.Tell(StartAttempt.Instance);

    protected override void PostStop()
    {
        _retry?.Dispose();
        _attempt?.Cancel();
    }

    private void Start()
    {
        _retry?.Dispose();
        var attempt = new Attempt(_lane, Self, _time.GetTimestamp());
        _attempt = attempt;
        attempt.RunAsync(_source).PipeTo(Self, success: end => new AttemptEnded(attempt, end));
    }

    // An attempt that a restarted actor left behind may still speak.
    private void WhenOf(Attempt attempt, Action react)
    {
        if (attempt == _attempt)
        {
            react();
        }
    }

    private void CameOnline()
    {
        _lastFault = null;
        LogOnline(_source.Id, _source.Description);
        SayOnline(true);
    }

    private void Ended(Attempt attempt, CaptureEnd end)
    {
        _attempt = null;
        attempt.Dispose();
        SayOnline(false);
        if (_stopping)
        {
            Context.Stop(Self);
        }
        else if (end.Kind == CaptureEndKind.Finished)
        {
            LogFinished(_source.Id, end.Frames);
            _lane.End();
            Context.Parent.Tell(new CameraFinished(_source.Id));
        }
        else
        {
            Retry(attempt, end);
        }
    }

    private void Retry(Attempt attempt, CaptureEnd end)
    {
        if (end.Frames > 0 && _time.GetElapsedTime(attempt.StartedAt) >= _reconnect.GoodRun)
        {
            _backoff.Reset();
        }

        var wait = _backoff.Next();
        // A camera that stays away is said once for each kind of fault, not each time it is tried.
        if (_lastFault != end.Kind)
        {
            LogGone(_source.Id, end.Kind, end.Reason, wait);
        }

        _lastFault = end.Kind;
        _lane.Counters.CaptureRestarts.Increment();
        _retry = _time.TellLater(Self, wait, StartAttempt.Instance);
    }

    private void Stop()
    {
        _stopping = true;
        _retry?.Dispose();
        if (_attempt is null)
        {
            Context.Stop(Self);
        }
        else
        {
            _attempt.Cancel();
        }
    }

    private void SayOnline(bool online)
    {
        _lane.Counters.Online = online;
        _publisher.Tell(new CameraAvailability(_source.Id, online));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Camera}: online, {Source}.")]
    private partial void LogOnline(CameraId camera, string source);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Camera}: played to its end, {Frames} frames.")]
    private partial void LogFinished(CameraId camera, long frames);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Camera}: {Kind}: {Reason} Trying again for ever, next in {Wait}.")]
    private partial void LogGone(CameraId camera, CaptureEndKind kind, string reason, TimeSpan wait);

    private sealed record StartAttempt
    {
        public static readonly StartAttempt Instance = new();
    }

    private sealed record FirstFrame(Attempt Attempt);

    private sealed record AttemptEnded(Attempt Attempt, CaptureEnd End);

    /// <summary>One run of the source.</summary>
    private sealed class Attempt(CameraLane lane, IActorRef owner, long startedAt) : IDisposable
    {
        private readonly CancellationTokenSource _cancel = new();
        private bool _seen;

        public long StartedAt => startedAt;

        public async Task<CaptureEnd> RunAsync(ICameraSource source)
        {
            try
            {
                // Off the actor's thread, so that a source which blocks while it opens holds up nobody else.
                return await Task.Run(() => source.CaptureAsync(Deliver, _cancel.Token));
            }
            catch (Exception fault)
            {
                // Sources report faults as values; one that throws is a defect, which a camera survives as well.
                return new CaptureEnd(CaptureEndKind.Lost, $"{fault.GetType().Name}: {fault.Message}", 0);
            }
        }

        public void Cancel() => _cancel.Cancel();

        public void Dispose() => _cancel.Dispose();

        // On the source's thread.
        private void Deliver(Frame frame)
        {
            if (!_seen)
            {
                _seen = true;
                owner.Tell(new FirstFrame(this));
            }

            lane.Offer(frame);
        }
    }
}
