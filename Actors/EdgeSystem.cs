using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Background;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.History;
using MobileVlm.Edge.Actors.Http;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Past;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Publishing.Webhooks;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors;

/// <summary>Cameras, engine and broker under one supervisor. Started once, stopped once.
/// Thread-safe.</summary>
public sealed partial class EdgeSystem : IAsyncDisposable
{
    // The host handles signals, and a message to a stopped actor is expected at a stop.
    private const string AkkaConfiguration = """
        akka {
          loggers = ["MobileVlm.Edge.Actors.Health.AkkaLogger, MobileVlm.Edge.Actors"]
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          coordinated-shutdown.exit-clr = off
          # A failed supervisor is not restarted by Akka: the host has to know, because it ends the process then.
          actor.guardian-supervisor-strategy = "Akka.Actor.StoppingSupervisorStrategy"
          # Only the limits of orderly stops wait on Akka's clock, so it need not wake the processor a hundred times per second.
          scheduler.tick-duration = 100ms
        }
        """;

    private readonly EdgeSettings _settings;
    private readonly EdgeDependencies _dependencies;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly EdgeCounters _counters;
    private readonly CameraIntakes _intakes;
    private readonly UploadedFrameIntake _uploads;
    private readonly QuestionStates _states;
    private readonly SurvivingState _surviving;
    private readonly WakeSignal _wake;
    private readonly InFlightLimit _limit;
    private readonly EdgeSignals _signals = new();
    private readonly CancellationTokenSource _cancelAnswers = new();
    private readonly HistoryRecorder? _history;
    private readonly LiveUpdates? _live;
    private readonly WakeSignal? _dispatcherWake;
    private readonly FramePicker _picker;
    private readonly StoredFrameAsker _storedFrames;
    private readonly WebhookSet _webhooks;
    private readonly PastService _past;
    private readonly EngineDuty _duty;
    private readonly QuestionPace _pace;
    private readonly long _startedAt;
    private volatile string? _configurationDigest;
    private readonly ClockMonitor _clock;
    private readonly TaskCompletionSource<EdgeOutcome> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _stopLock = new();
    private ActorSystem? _system;
    private PipelineContext? _pipeline;
    private IActorRef _supervisor = ActorRefs.Nobody;
    private Task? _stop;

    /// <exception cref="ArgumentException">A configured camera has no source, or more than one.</exception>
    public EdgeSystem(EdgeSettings settings, EdgeDependencies dependencies, TimeProvider time, ILoggerFactory loggers)
    {
        foreach (var plan in settings.Cameras)
        {
            if (dependencies.Cameras.Count(source => source.Id == plan.Id) != 1)
            {
                throw new ArgumentException($"Camera '{plan.Id}' needs exactly one source.", nameof(dependencies));
            }
        }

        if (!dependencies.HasModel)
        {
            if (settings.Cluster is null)
            {
                throw new ArgumentException("A service without a model needs a cluster.", nameof(settings));
            }

            settings = settings with { Remote = new RemoteEngine() };
        }

        _settings = settings;
        _configurationDigest = settings.ConfigurationDigest;
        _dispatcherWake = settings.Cluster is null ? null : new WakeSignal();
        _wake = new WakeSignal { Second = _dispatcherWake };
        _dependencies = dependencies;
        _time = time;
        _loggers = loggers;
        _logger = loggers.CreateLogger<EdgeSystem>();
        _startedAt = time.GetTimestamp();
        _clock = new ClockMonitor(time, loggers.CreateLogger<ClockMonitor>());
        _counters = new EdgeCounters();
        _states = new QuestionStates(
            time,
            settings.TimeZone,
            new ModeSwitch(settings.Modes, settings.InitialMode, loggers.CreateLogger<ModeSwitch>()),
            new SnoozedQuestions(time, loggers.CreateLogger<SnoozedQuestions>()))
        {
            Patience = () => _pace?.Patience ?? 1,
        };
        _states.Configure(settings.Cameras);
        _duty = new EngineDuty(_wake.Set, time);
        _pace = new QuestionPace(
            settings.Pace, settings.TimeZone, dependencies.ReadTemperature, _duty, _clock, time, loggers.CreateLogger<QuestionPace>());
        _limit = new InFlightLimit(settings.Pipeline.Overlap ? 2 : 1, _wake, time);
        _intakes = new CameraIntakes([.. settings.Cameras.Select(IntakeOf)], _wake, settings.RunsWithoutCameras);
        _uploads = new UploadedFrameIntake(_wake);
        _picker = new FramePicker(_intakes, _uploads);
        _history = dependencies.History is { } history
            ? new HistoryRecorder(
                history,
                new HistoryPictures(_states, time),
                _states,
                new MessageFactory(settings, dependencies.Topics, _clock).Events,
                dependencies.SignedAddress,
                time)
            {
                Clips = dependencies.Clips,
            }
            : null;
        _history?.Configure(settings.Cameras);
        _live = dependencies.LiveEvents is { } events
            ? new LiveUpdates(events, new MessageFactory(settings, dependencies.Topics, _clock, _history))
            : null;
        if (_live is { } viewers)
        {
            _states.Modes.Changed += viewers.ModeChanged;
        }

        _webhooks = new WebhookSet([.. dependencies.Webhooks.Select(parts => new WebhookDelivery(
            parts,
            new MessageFactory(settings, dependencies.Topics, _clock),
            _clock,
            Random.Shared.NextDouble,
            time,
            loggers.CreateLogger<WebhookDelivery>()))]);
        _surviving = CreateSurvivingState();
        _storedFrames = new StoredFrameAsker(_surviving.Decoding, () => Engine, new LowPriorityTurns(_limit, _picker, _duty, time));
        Labels = new LabelService(
            () => [.. _intakes.Current.Select(intake => intake.Configuration)], dependencies.History, dependencies.Labels, time);
        _teaching = CreateTeaching();
        _past = new PastService(
            new PastServiceContext(
                settings,
                dependencies.History,
                _intakes,
                _storedFrames,
                new LabelScores(Labels, _teaching),
                (camera, cancel) => Cameras!.SnapshotAsync(camera, cancel),
                loggers),
            time);
        Cameras = new CameraService(
            new CameraServiceContext(settings.Asks, _intakes, _uploads, _surviving.Decoding, _states, _counters, _live, dependencies.FrameToJpeg, Stats, settings.Remote),
            _clock,
            time);
    }

    /// <summary>Shows cameras and questions, and asks ad-hoc questions, for the HTTP server.</summary>
    public ICameraService Cameras { get; }

    /// <summary>Answers questions about the history, for the HTTP server.</summary>
    public IPastService Past => _past;

    /// <summary>Lends the engine's threads, once it is started.</summary>
    public EngineAccess Engine => (_pipeline ?? throw new InvalidOperationException("The system is not started.")).Engine;

    /// <summary>The actors, for tests that make them fail. Null before the start.</summary>
    internal ActorSystem? Actors => _system;

    /// <summary>Raised for each answered frame, before it is evaluated and published. Handlers return at once: the next frame waits
    /// for them. What they throw is logged.</summary>
    public event Action<FrameAnswered>? Answered;

    /// <summary>Raised for each message that the broker has acknowledged, with the time that took. Handlers return at once
    /// and throw nothing.</summary>
    public event Action<TimeSpan>? Acknowledged
    {
        add => _counters.Mqtt.Acknowledged += value;
        remove => _counters.Mqtt.Acknowledged -= value;
    }

    /// <summary>The digest of the configuration in use, for the statistics; null where none is known. Set when a newer one is
    /// applied.</summary>
    public string? ConfigurationDigest
    {
        get => _configurationDigest;
        set => _configurationDigest = value;
    }

    /// <summary>How it ends. The host stops the system then, which also sends what still waits; for
    /// <see cref="EdgeOutcomeKind.Failed"/> it exits non-zero.</summary>
    public Task<EdgeOutcome> Completion => _completion.Task;

    /// <summary>How long nothing has progressed that should have: a frame did not advance, or a <see cref="Nudge"/> was not
    /// acknowledged. A watchdog stops pinging when this grows beyond what any answer can take.</summary>
    public TimeSpan StuckFor => _limit.StuckFor;

    /// <summary>Sends an idle tick through the pipeline; <see cref="StuckFor"/> grows until it is acknowledged. Returns at
    /// once.</summary>
    public void Nudge() => _limit.Nudge();

    /// <summary>The counters at this moment.</summary>
    public StatsPayload Stats()
    {
        var placement = _dependencies.Placement();
        var now = _clock.Now;
        return new StatsPayload
        {
            Node = _settings.Node,
            At = now,
            Clock = now is null ? ClockText.Unset : ClockText.Set,
            UptimeS = (long)_time.GetElapsedTime(_startedAt).TotalSeconds,
            Model = _settings.ModelInUse,
            Target = placement.Target ?? _settings.Target,
            Sessions = placement.Sessions,
            ResidentBytes = Environment.WorkingSet,
            Cameras = _counters.CamerasOf(_intakes.Current.Select(intake => intake.Configuration), _clock),
            Pipeline = _counters.Pipeline.Snapshot(),
            Mqtt = _counters.Mqtt.Snapshot(_clock) with { Configured = _dependencies.Link is DiscardingLink ? false : null },
            Asks = _counters.Asks.Read(asks => asks with { }),
            Storage = Storage(),
            History = History(),
            Webhooks = _webhooks.Stats,
            Cluster = _cluster?.Stats(),
            Pace = _pace.Stats,
            Program = _settings.ProgramVersion,
            Configuration = ConfigurationDigest,
        };
    }

    /// <summary>Opens the engine, then the cameras; the broker is connected meanwhile and need not be there.</summary>
    /// <exception cref="InvalidOperationException">It was started or stopped before.</exception>
    /// <exception cref="Exception">What the engine's factories throw; the system must still be stopped.</exception>
    public async Task StartAsync()
    {
        lock (_stopLock)
        {
            if (_system is not null || _stop is not null)
            {
                throw new InvalidOperationException("An edge system is started once.");
            }

            _system = ActorSystem.Create("mobilevlm", ActorSystemSetup.Create(
                BootstrapSetup.Create().WithConfig(ConfigurationFactory.ParseString(AkkaConfiguration)),
                new AkkaLoggerSetup(_loggers)));
            _pipeline = new PipelineContext(
                _dependencies,
                _settings.Pipeline,
                _intakes,
                _uploads,
                _limit,
                _wake,
                _counters,
                RaiseAnswered,
                _time,
                _loggers,
                _cancelAnswers.Token)
            {
                Picker = _picker,
                Engine = new EngineAccess { Duty = _duty },
                Host = _settings.Cluster?.Listen,
                History = _history,
            };
            _cluster = CreateCluster(_pipeline);
            var context = new EdgeContext(
                _settings,
                _pipeline,
                _surviving,
                _states,
                _clock,
                Stats,
                Random.Shared.NextDouble,
                _signals)
            {
                Labels = Labels,
                IsRemoteIdle = () => _cluster?.IsIdle ?? true,
            };
            _supervisor = _system.ActorOf(Props.Create(() => new EdgeSupervisor(context)), "edge");
            _webhooks.Start();
            _pace.Start();
        }

        await _signals.Started.Task;
        _cluster?.Start();
        _ = CompleteAsync();
    }

    /// <summary>Stops in order within <see cref="PipelineSettings.StopWithin"/>: cameras, answers in progress, the
    /// broker, sessions. Later calls wait for the first.</summary>
    /// <param name="hurry">Cancels answers in progress at once.</param>
    public Task StopAsync(CancellationToken hurry = default)
    {
        lock (_stopLock)
        {
            return _stop ??= StopInOrderAsync(hurry);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _pace.Dispose();
        _duty.Dispose();
        _cancelAnswers.Dispose();
    }

    private StorageStats Storage()
    {
        var outbox = _dependencies.Outbox.Stats;
        var state = _surviving.Store.Storage;
        return new StorageStats
        {
            Outbox = StorageStats.TextOf(outbox.Storage.Kind),
            OutboxReason = outbox.Storage.Reason,
            EventsInMemory = outbox.InMemory,
            OutboxDamaged = outbox.Damaged,
            State = StorageStats.TextOf(state.Kind),
            StateReason = state.Reason,
        };
    }

    private HistoryCounts? History() => _history?.Stats is not { } history ? null : new HistoryCounts
    {
        Storage = StorageStats.TextOf(history.Storage.Kind),
        Reason = history.Storage.Reason,
        Rows = history.Rows,
        Events = history.Events,
        Snapshots = history.Snapshots,
        Bytes = history.Bytes,
        OldestAt = history.OldestAt,
        Stored = history.Stored,
        Dropped = history.Dropped,
        Undated = history.Undated,
        SnapshotsDropped = history.SnapshotsDropped,
        Clips = history.Clips,
        ClipsDropped = history.ClipsDropped,
        Damaged = history.Damaged,
    };

    private SurvivingState CreateSurvivingState()
    {
        var store = new QuestionStateStore(
            _settings.StateFolder is { } folder
                ? new QuestionStateFile(folder, _loggers.CreateLogger<QuestionStateFile>())
                : null,
            _states,
            _time);
        store.RestoreOverrides();
        var evaluators = new QuestionEvaluators(
            _states, _counters, store.Restored.States, _clock, _time, _loggers.CreateLogger<QuestionEvaluators>(),
            _settings.Remote is { } remote ? () => remote.IsReachable : null);
        evaluators.Configure(_settings.Cameras);
        return new SurvivingState(
            new ChildActors(),
            evaluators,
            store,
            new QuestionStateWriter(store, _loggers.CreateLogger<QuestionStateWriter>()),
            new PublisherState(
                _dependencies.Outbox, _settings.Cameras, _settings.BrokerReconnect, Random.Shared.NextDouble, _clock, _time)
            {
                Live = _live,
                History = _history,
                Webhooks = _webhooks,
            },
            new PendingRequests(),
            new UploadDecodingQueue(_dependencies.PictureToFrame, _uploads, _loggers.CreateLogger<UploadDecodingQueue>()),
            new CommandReaderState(_settings.Commands, _time),
            new StatsActorState());
    }

    private async Task CompleteAsync()
    {
        await Task.WhenAny(_signals.Failed.Task, _signals.Drained.Task);
        lock (_stopLock)
        {
            if (_stop is not null)
            {
                // Drained because it was asked to stop: the stop reports how it ended.
                return;
            }
        }

        _completion.TrySetResult(
            _signals.Failed.Task is { IsCompletedSuccessfully: true, Result: var fault }
                ? new EdgeOutcome(EdgeOutcomeKind.Failed, fault.Message, fault)
                : new EdgeOutcome(EdgeOutcomeKind.Finished, "Every camera has ended."));
    }

    private void RaiseAnswered(FrameAnswered answered)
    {
        try
        {
            Answered?.Invoke(answered);
        }
        catch (Exception fault)
        {
            LogListenerFailed(fault);
        }
    }

    [LoggerMessage(EventId = 91, Level = LogLevel.Error, Message = "A listener for answers failed; the others continue.")]
    private partial void LogListenerFailed(Exception fault);

    [LoggerMessage(EventId = 92, Level = LogLevel.Error, Message =
        "Stopping: {Step} did not end in time (Pipeline:StopWithin is {Seconds:0.0} s) and is left behind.")]
    private partial void LogLate(string step, double seconds);

    [LoggerMessage(EventId = 93, Level = LogLevel.Error, Message = "Stopping: {Step} ended with an error; the stop continues.")]
    private partial void LogStepFailed(Exception fault, string step);
}
