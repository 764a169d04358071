using Akka.Actor;
using Akka.Streams;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.History;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The engine is open and frames are answered.</summary>
internal sealed record PipelineStarted;

/// <summary>Every camera has ended or was closed, and the last answer was handed on. The engine is still open.</summary>
internal sealed record PipelineDrained;

/// <summary>The engine could not be opened at the start, or failed beyond its budget.</summary>
internal sealed record PipelineFailed(Exception Fault);

/// <summary>Disposes the sessions and stops the actor.</summary>
internal sealed record CloseEngine
{
    public static readonly CloseEngine Instance = new();
}

/// <summary>The parts from which a pipeline is built.</summary>
internal sealed record PipelineContext(
    EdgeDependencies Dependencies,
    PipelineSettings Settings,
    CameraIntakes Intakes,
    UploadedFrameIntake Uploads,
    InFlightLimit Limit,
    WakeSignal Wake,
    EdgeCounters Counters,
    Action<FrameAnswered> OnAnswered,
    TimeProvider Time,
    ILoggerFactory Loggers,
    CancellationToken CancelAnswers)
{
    /// <summary>Shared with the dispatcher of a cluster, which takes frames from it too.</summary>
    public FramePicker Picker { get; init; } = new(Intakes, Uploads);

    /// <summary>The name of this host in its cluster; null without one.</summary>
    public string? Host { get; init; }

    /// <summary>Says which frames need a snapshot for the history; null where none is kept.</summary>
    public HistoryRecorder? History { get; init; }

    /// <summary>Outlives each engine and the actor.</summary>
    public EngineAccess Engine { get; init; } = new();

    /// <summary>Outlives each engine and the actor.</summary>
    public FailingQuestions Failing { get; } = new(Time);

    /// <summary>Ends when the sessions that an actor left open are disposed. Set when that actor ends.</summary>
    public Task SessionsGone { get; set; } = Task.CompletedTask;
}

/// <summary>Owns the engine and the stream on it. When a session throws, both are replaced, not patched, as often as
/// the budget allows.</summary>
internal sealed partial class PipelineActor : ReceiveActor
{
    private readonly PipelineContext _context;
    private readonly IActorRef _evaluation;
    private readonly RestartWindow _restarts;
    private readonly ILogger _logger;
    private readonly IMaterializer _materializer = Context.Materializer();
    private ModelSessions? _sessions;
    private SharedKillSwitch? _stream;
    private Task<ModelSessions>? _opening;
    private Task _closed = Task.CompletedTask;
    private bool _wasStarted;
    private bool _closing;

    /// <summary>An engine is being opened or closed; what follows comes as a message.</summary>
    private bool _changing;

    /// <param name="context">What the pipeline is built from.</param>
    /// <param name="evaluation">Gets each <see cref="FrameAnswered"/>.</param>
    public PipelineActor(PipelineContext context, IActorRef evaluation)
    {
        (_context, _evaluation) = (context, evaluation);
        _restarts = new RestartWindow(context.Settings.RestartBudget, context.Time);
        _logger = context.Loggers.CreateLogger<PipelineActor>();
        Receive<EngineOpened>(opened => Opened(opened.Sessions));
        Receive<EngineNotOpened>(failed =>
        {
            _opening = null;
            HandleEngineEnd(failed.Fault);
        });
        Receive<StreamCompleted>(_ => Context.Parent.Tell(new PipelineDrained()));
        Receive<EngineFaulted>(faulted => EndStream(faulted));
        Receive<StreamFailed>(failed => CloseThen(new EngineClosedAfterFault(failed.Fault)));
        Receive<EngineClosedAfterFault>(closed => HandleEngineEnd(closed.Fault));
        Receive<CloseEngine>(_ => Close());
        Receive<EngineClosedForStop>(_ => Context.Stop(Self));
    }

    protected override void PreStart() => Open();

    // After an orderly stop nothing is open; otherwise the actor system is being terminated.
    protected override void PostStop() => _context.SessionsGone = CloseAllAsync();

    private void Open()
    {
        _changing = true;
        _opening = ModelSessions.OpenAsync(_context.Dependencies, _context.Settings.Overlap, _context.Engine.Duty);
        _opening.PipeTo(
            Self, success: sessions => new EngineOpened(sessions), failure: fault => new EngineNotOpened(fault));
    }

    private void Opened(ModelSessions sessions)
    {
        (_changing, _sessions, _opening) = (false, sessions, null);
        if (_closing)
        {
            CloseThen(new EngineClosedForStop());
            return;
        }

        Run(sessions);
        var self = Self;
        _context.Engine.Opened(sessions, fault => self.Tell(new EngineFaulted(sessions, fault)));
        if (!_wasStarted)
        {
            _wasStarted = true;
            Context.Parent.Tell(new PipelineStarted());
        }
    }

    private void Run(ModelSessions sessions)
    {
        var (counters, time) = (_context.Counters.Pipeline, _context.Time);
        var answerLog = _context.Loggers.CreateLogger<AnswerStep>();
        var composer = new AnswerComposer(counters, time, _context.Host);
        var asker = new QuestionAsker(_context.Failing, composer, time, answerLog, _context.CancelAnswers);
        var adHoc = new AdHocStep(sessions, counters, _context.Failing, time, _context.CancelAnswers) { Host = _context.Host };
        _stream = KillSwitches.Shared("pipeline");
        AnswerPipeline.Build(
            _stream,
            new DueFrameStage(_context.Picker, _context.Limit, _context.Wake, _context.Engine.Duty),
            new SceneGateStep(time),
            new EncodeStep(
                sessions, _context.Dependencies.FrameToJpeg, _context.History is not null, time, _context.Loggers.CreateLogger<EncodeStep>()),
            new AnswerStep(
                sessions, adHoc, asker, composer, _context.History, _context.Dependencies.FrameToJpeg, answerLog, _context.CancelAnswers),
            adHoc,
            new EvaluateStep(_evaluation, _context.OnAnswered))
        .Run(_materializer)
        .PipeTo(Self, success: _ => new StreamCompleted(), failure: fault => new StreamFailed(fault));
    }

    // Work outside of the stream found the engine broken, perhaps while no frame comes that would find it out too.
    private void EndStream(EngineFaulted faulted)
    {
        if (ReferenceEquals(faulted.Sessions, _sessions) && !_closing)
        {
            _stream?.Abort(faulted.Fault);
        }
    }

    private void HandleEngineEnd(Exception fault)
    {
        _changing = false;
        if (_closing)
        {
            Context.Stop(Self);
        }
        else if (_wasStarted && _context.Intakes.AreDone)
        {
            LogEndedWithFault(fault);
            Context.Parent.Tell(new PipelineDrained());
        }
        else if (_wasStarted && _restarts.TryRestart())
        {
            LogReplaced(fault);
            _context.Counters.Pipeline.Update(pipeline => pipeline.Restarts++);
            Open();
        }
        else
        {
            LogFailed(fault);
            Context.Parent.Tell(new PipelineFailed(fault));
        }
    }

    private void Close()
    {
        _closing = true;
        if (_sessions is not null)
        {
            CloseThen(new EngineClosedForStop());
        }
        else if (!_changing)
        {
            Context.Stop(Self);
        }
    }

    // Closed before new ones are opened, because two pairs rarely fit into the memory of a device.
    private void CloseThen(object next)
    {
        if (_sessions is { } sessions)
        {
            _sessions = null;
            _context.Engine.Closed();
            _changing = true;
            _closed = CloseAsync(sessions);
            _closed.PipeTo(Self, success: () => next);
        }
    }

    private async Task CloseAllAsync()
    {
        await _closed;
        if (_sessions is { } sessions)
        {
            await CloseAsync(sessions);
        }
        else if (_opening is { } opening)
        {
            try
            {
                await CloseAsync(await opening);
            }
            catch (Exception fault)
            {
                LogNotDisposed(fault);
            }
        }
    }

    private async Task CloseAsync(ModelSessions sessions)
    {
        try
        {
            await sessions.CloseAsync();
        }
        catch (Exception fault)
        {
            LogNotDisposed(fault);
        }

        foreach (var frame in _context.Limit.AbandonAll())
        {
            if (frame.TryMarkCounted())
            {
                frame.Intake.Counters.Update(camera => camera.FramesFailed++);
            }
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The engine failed; the pipeline is replaced and answering continues.")]
    private partial void LogReplaced(Exception fault);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "The engine failed at the last frame; no other one follows.")]
    private partial void LogEndedWithFault(Exception fault);

    [LoggerMessage(EventId = 3, Level = LogLevel.Critical, Message = "The engine failed more often than Pipeline:Restarts allows and is not opened again. Run 'mobilevlm doctor' and 'mobilevlm model verify'.")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "A model session could not be closed in order.")]
    private partial void LogNotDisposed(Exception fault);

    private sealed record EngineOpened(ModelSessions Sessions);

    private sealed record EngineNotOpened(Exception Fault);

    private sealed record EngineFaulted(ModelSessions Sessions, Exception Fault);

    private sealed record StreamCompleted;

    private sealed record StreamFailed(Exception Fault);

    private sealed record EngineClosedAfterFault(Exception Fault);

    private sealed record EngineClosedForStop;
}
