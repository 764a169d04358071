using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>The camera delivered its first frame (true), or its attempt ended (false).</summary>
internal sealed record CameraAvailability(CameraId Camera, bool Online);

/// <summary>A file that does not loop was played to its end; sent once.</summary>
internal sealed record CameraFinished(CameraId Camera);

/// <summary>Ends the attempt, then the actor.</summary>
internal sealed record StopCamera
{
    public static readonly StopCamera Instance = new();
}

/// <summary>Captures from one camera without end, attempt after attempt. A failure of one camera stays in its own
/// actor.</summary>
internal sealed partial class CameraActor : RestartableActor
{
    private readonly CaptureState _state;
    private readonly ICameraSource _source;
    private readonly CameraIntake _intake;
    private readonly IActorRef _publisher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public CameraActor(CaptureState state, IActorRef publisher, TimeProvider time, ILogger<CameraActor> logger)
        : base(state.MessageRetry)
    {
        (_state, _source, _intake) = (state, state.Source, state.Intake);
        _publisher = publisher;
        _time = time;
        _logger = logger;
        Receive<StartAttempt>(_ => Start());
        Receive<FirstFrame>(first => WhenOf(first.Attempt, () => CameOnline(first.Attempt)));
        Receive<AttemptEnded>(ended => WhenOf(ended.Attempt, () => Ended(ended.Attempt, ended.End)));
        Receive<StopCamera>(_ => Stop());
    }

    /// <inheritdoc/>
    protected override void Resume()
    {
        if (_state.IsFinished)
        {
            PublishFinished();
        }
        else if (_state.Attempt is { End: { } end } ended)
        {
            Ended(ended, end);
        }
        else if (_state.Attempt is { HasFrame: true } attempt)
        {
            CameOnline(attempt);
        }
        else if (_state.Attempt is null && _state.IsStopping)
        {
            Context.Stop(Self);
        }
        else if (_state.Attempt is null && _state.Retry is null)
        {
            Self.Tell(StartAttempt.Instance);
        }
    }

    /// <inheritdoc/>
    protected override void GiveUp(object message) => LogGivenUp(_source.Id, message.GetType().Name);

    protected override void PostStop()
    {
        _state.Retry?.Dispose();
        _state.Attempt?.Cancel();
        _intake.Counters.Online = false;
    }

    private void Start()
    {
        // Few devices can be opened twice.
        if (_state.Attempt is not null || _state.IsStopping || _state.IsFinished)
        {
            return;
        }

        _state.Retry?.Dispose();
        _state.Retry = null;
        var attempt = new CameraAttempt(_intake, Self, _time.GetTimestamp(), first => new FirstFrame(first));
        _state.Attempt = attempt;
        attempt.RunAsync(_source).PipeTo(Self, success: end => new AttemptEnded(attempt, end));
    }

    // A late message from an earlier attempt does not concern the current one.
    private void WhenOf(CameraAttempt attempt, Action react)
    {
        if (attempt == _state.Attempt)
        {
            react();
        }
    }

    private void CameOnline(CameraAttempt attempt)
    {
        if (attempt.IsAnnounced)
        {
            return;
        }

        PublishOnline(true);
        attempt.IsAnnounced = true;
        _state.LoggedFault = null;
        LogOnline(_source.Id, _source.Description);
    }

    private void Ended(CameraAttempt attempt, CaptureEnd end)
    {
        PublishOnline(false);
        if (_state.IsStopping)
        {
            Context.Stop(Self);
        }
        else if (end.Kind == CaptureEndKind.Finished)
        {
            _state.IsFinished = true;
            PublishFinished();
            LogFinished(_source.Id, end.Frames);
        }
        else
        {
            Retry(attempt, end);
        }

        _state.Attempt = null;
        attempt.Dispose();
    }

    private void PublishFinished()
    {
        _intake.End();
        Context.Parent.Tell(new CameraFinished(_source.Id));
    }

    private void Retry(CameraAttempt attempt, CaptureEnd end)
    {
        if (end.Frames > 0 && _time.GetElapsedTime(attempt.StartedAt) >= _state.Reconnect.GoodRun)
        {
            _state.Backoff.Reset();
        }

        var wait = _state.Backoff.Next();
        _state.Retry?.Dispose();
        _state.Retry = null;
        _state.Retry = _time.SendAfter(Self, wait, StartAttempt.Instance);
        _state.Attempt = null;
        _intake.Counters.Update(camera => camera.CaptureRestarts++);

        // Logged once for each kind of fault, not at each attempt.
        if (_state.LoggedFault != end.Kind)
        {
            _state.LoggedFault = end.Kind;
            LogGone(_source.Id, end.Frames > 0 ? "the camera is lost" : "the camera cannot be opened", LogText.WithoutStop(end.Reason), wait.TotalSeconds);
        }
    }

    private void Stop()
    {
        _state.IsStopping = true;
        _state.Retry?.Dispose();
        if (_state.Attempt is null)
        {
            Context.Stop(Self);
        }
        else
        {
            _state.Attempt.Cancel();
        }
    }

    private void PublishOnline(bool online)
    {
        _intake.Counters.Online = online;
        _publisher.Tell(new CameraAvailability(_source.Id, online));
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Camera}: online ({Source}).")]
    private partial void LogOnline(CameraId camera, string source);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "{Camera}: played to its end, {Frames} frames.")]
    private partial void LogFinished(CameraId camera, long frames);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message =
        "{Camera}: {What}: {Reason}. The next attempt is in {Seconds:0.0} s, and more follow for as long as the service runs.")]
    private partial void LogGone(CameraId camera, string what, string reason, double seconds);

    [LoggerMessage(EventId = 83, Level = LogLevel.Error, Message =
        "{Camera}: the camera's actor failed twice at {Message} and ignores it. Please report this with the lines before it.")]
    private partial void LogGivenUp(CameraId camera, string message);

    private sealed record StartAttempt
    {
        public static readonly StartAttempt Instance = new();
    }

    private sealed record FirstFrame(CameraAttempt Attempt);

    private sealed record AttemptEnded(CameraAttempt Attempt, CaptureEnd End);
}
