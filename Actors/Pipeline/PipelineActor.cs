using Akka.Actor;
using Akka.Streams;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The engine is open and frames are served.</summary>
internal sealed record PipelineStarted;

/// <summary>Every camera has ended or was closed, and the last answer is out. The engine is still open.</summary>
internal sealed record PipelineDrained;

/// <summary>The engine could not be opened at the start, or failed beyond its budget.</summary>
internal sealed record PipelineFailed(Exception Fault);

/// <summary>Disposes the sessions and stops the actor.</summary>
internal sealed record CloseEngine
{
    public static readonly CloseEngine Instance = new();
}

/// <summary>What a pipeline is built from.</summary>
internal sealed record PipelineContext(
    EdgeDependencies Parts,
    PipelineSettings Settings,
    FrameIntakes Lanes,
    UploadedFrameIntake Pictures,
    InFlightLimit Places,
    WakeSignal Bell,
    EdgeCounters Counters,
    Action<FrameAnswered> Publish,
    TimeProvider Time,
    ILoggerFactory Loggers,
    CancellationToken CancelAnswers)
{
    /// <summary>Outlives each engine and the actor.</summary>
    public FailingQuestions Faulty { get; } = new(Time);

    /// <summary>Ends when the sessions that an actor left open are disposed. Set when that actor ends.</summary>
    public Task SessionsGone { get; set; } = Task.CompletedTask;
}

/// <summary>Owns the engine and the stream on it. When a session throws, both are replaced, not patched, as often as
/// the budget allows.</summary>
internal sealed partial class PipelineActor : ReceiveActor
{
    private readonly PipelineContext _context;
    private readonly RestartWindow _restarts;
    private readonly ILogger _logger;
    private readonly IMaterializer _materializer = Context.Materializer();
    private ModelSessions? _engine;
    private Task<ModelSessions>? _opening;
    private Task _closed = Task.CompletedTask;
    private bool _wasStarted;
    private bool _closing;

    /// <summary>An engine is being opened or closed; what follows comes as a message.</summary>
    private bool _changing;

    public PipelineActor(PipelineContext context)
    {
        _context = context;
        _restarts = new RestartWindow(context.Settings.RestartBudget, context.Time);
        _logger = context.Loggers.CreateLogger<PipelineActor>();
        Receive<EngineOpened>(opened => Opened(opened.Engine));
        Receive<EngineNotOpened>(failed =>
        {
            _opening = null;
            Replace(failed.Fault);
        });
        Receive<StreamCompleted>(_ => Context.Parent.Tell(new PipelineDrained()));
        Receive<StreamFailed>(failed => CloseThen(new EngineClosed(failed.Fault)));
        Receive<EngineClosed>(closed => Replace(closed.Fault));
        Receive<CloseEngine>(_ => Close());
        Receive<EngineGone>(_ => Context.Stop(Self));
    }

    protected override void PreStart() => Open();

    // After an orderly stop nothing is open; otherwise the actor system is being terminated.
    protected override void PostStop() => _context.SessionsGone = CloseAllAsync();

    private void Open()
    {
        _changing = true;
        _opening = ModelSessions.OpenAsync(_context.Parts, _context.Settings.Overlap);
        _opening.PipeTo(
            Self, success: engine => new EngineOpened(engine), failure: fault => new EngineNotOpened(fault));
    }

    private void Opened(ModelSessions engine)
    {
        (_changing, _engine, _opening) = (false, engine, null);
        if (_closing)
        {
            CloseThen(new EngineGone());
            return;
        }

        Run(engine);
        if (!_wasStarted)
        {
            _wasStarted = true;
            Context.Parent.Tell(new PipelineStarted());
        }
    }

    private void Run(ModelSessions engine) =>
        AnswerPipeline.Build(
            new DueFrameStage(_context.Lanes, _context.Pictures, _context.Places, _context.Bell),
            new EncodeStep(
                engine, _context.Parts.FrameToJpeg, _context.Time, _context.Loggers.CreateLogger<EncodeStep>()),
            new AnswerStep(
                engine,
                _context.Counters.Pipeline,
                _context.Faulty,
                _context.Time,
                _context.Loggers.CreateLogger<AnswerStep>(),
                _context.CancelAnswers),
            _context.Publish)
        .Run(_materializer)
        .PipeTo(Self, success: _ => new StreamCompleted(), failure: fault => new StreamFailed(fault));

    private void Replace(Exception fault)
    {
        _changing = false;
        if (_closing)
        {
            Context.Stop(Self);
        }
        else if (_wasStarted && _context.Lanes.AreDone)
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
        if (_engine is not null)
        {
            CloseThen(new EngineGone());
        }
        else if (!_changing)
        {
            Context.Stop(Self);
        }
    }

    // Sessions go before new ones come, since two pairs rarely fit a box.
    private void CloseThen(object next)
    {
        if (_engine is { } engine)
        {
            _engine = null;
            _changing = true;
            _closed = CloseAsync(engine);
            _closed.PipeTo(Self, success: () => next);
        }
    }

    private async Task CloseAllAsync()
    {
        await _closed;
        if (_engine is { } engine)
        {
            await CloseAsync(engine);
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

    private async Task CloseAsync(ModelSessions engine)
    {
        try
        {
            await engine.CloseAsync();
        }
        catch (Exception fault)
        {
            LogNotDisposed(fault);
        }

        foreach (var walk in _context.Places.AbandonAll())
        {
            if (walk.TryCount())
            {
                walk.Lane.Counters.Update(camera => camera.FramesFailed++);
            }
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The engine failed; the pipeline is replaced and answering goes on.")]
    private partial void LogReplaced(Exception fault);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "The engine failed at the last frame; no other one follows.")]
    private partial void LogEndedWithFault(Exception fault);

    [LoggerMessage(EventId = 3, Level = LogLevel.Critical, Message = "The engine failed more often than Pipeline:Restarts allows and is not opened again.")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "A model session could not be closed in order.")]
    private partial void LogNotDisposed(Exception fault);

    private sealed record EngineOpened(ModelSessions Engine);

    private sealed record EngineNotOpened(Exception Fault);

    private sealed record StreamCompleted;

    private sealed record StreamFailed(Exception Fault);

    private sealed record EngineClosed(Exception Fault);

    private sealed record EngineGone;
}
