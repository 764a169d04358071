using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>What one actor is made from, on fakes and a clock that stands still.</summary>
internal sealed class ActorBench : IAsyncDisposable
{
    public ActorBench(params CameraConfiguration[] plans)
        : this(null, plans)
    {
    }

    public ActorBench(string? stateFolder, params CameraConfiguration[] plans)
    {
        Rig = new EdgeRig(plans) { Time = Time };
        Rig.Settings = Rig.Settings with { StateFolder = stateFolder };
        Rig.Build();
        Clock = new ClockMonitor(Time, Logger<ClockMonitor>());
        States = new QuestionStates(Time, TimeZoneInfo.Utc);
        States.Configure(plans);
        Intakes = new CameraIntakes(
            [.. plans.Select(plan => new CameraIntake(plan, Counters[plan.Id], States, Wake, TimeSpan.FromSeconds(5), Time))], Wake);
        Uploads = new UploadedFrameIntake(Wake);
        Store = new QuestionStateStore(
            stateFolder is null ? null : new QuestionStateFile(stateFolder, Logger<QuestionStateFile>()), States, Time);
        Evaluators = new QuestionEvaluators(
            States, Counters, Store.Restored.States, Clock, Time, Logger<QuestionEvaluators>());
        Evaluators.Configure(plans);
        Outbox = new MemoryOutbox(Time);
        Publisher = new PublisherState(Outbox, plans, Rig.Settings.BrokerReconnect, () => 0, Clock, Time);
        Messages = new MessageFactory(Rig.Settings, Rig.Parts.Topics, Clock);
        Limit = new InFlightLimit(1, Wake, Time);
    }

    public FakeTime Time { get; } = new();

    public EdgeRig Rig { get; }

    public FakeLink Link => Rig.Link;

    public EdgeCounters Counters { get; } = new();

    public ClockMonitor Clock { get; }

    public QuestionStates States { get; }

    public WakeSignal Wake { get; } = new();

    public CameraIntakes Intakes { get; }

    public CameraIntake Intake => Intakes.Current[0];

    public UploadedFrameIntake Uploads { get; }

    public InFlightLimit Limit { get; }

    public QuestionStateStore Store { get; }

    public QuestionEvaluators Evaluators { get; }

    public MemoryOutbox Outbox { get; }

    public PublisherState Publisher { get; }

    public MessageFactory Messages { get; }

    public DeviceAnnouncer Devices => new(Rig.Settings.HomeAssistant, Rig.Settings, Rig.Parts.Topics);

    public CameraMessages CameraMessages => new(Messages, States, Devices, camera => Counters[camera].Online);

    public PublisherLog Log => new(Logger<PublisherActor>(), Time);

    public SafeComposer Composer => new(Counters.Mqtt, Log);

    public AdHocReplies Replies => new(Rig.Settings, Rig.Parts.Topics, camera => camera == "gate", Clock, Time);

    public AdHocContext AdHoc => new(
        () => Intakes.Current, Uploads, new UploadDecodingQueue(Rig.Parts.PictureToFrame, Uploads, Logger<UploadDecodingQueue>()));

    public PipelineContext Pipeline(PipelineSettings? settings = null, Action<FrameAnswered>? onAnswered = null) => new(
        Rig.Parts, settings ?? Rig.Settings.Pipeline, Intakes, Uploads, Limit, Wake, Counters, onAnswered ?? (_ => { }), Time, Rig.Log, CancellationToken.None);

    public EdgeContext Edge(EdgeSignals signals) => new(
        Rig.Settings,
        Pipeline(),
        new SurvivingState(
            new ChildActors(),
            Evaluators,
            Store,
            new QuestionStateWriter(Store, Logger<QuestionStateWriter>()),
            Publisher,
            new PendingRequests(),
            AdHoc.Decoding,
            new CommandReaderState(Rig.Settings.Commands, Time),
            new StatsActorState()),
        States,
        Clock,
        () => Rig.Stats,
        () => 0,
        signals)
    {
        Labels = new LabelService(() => [Intake.Configuration], null, null, Time),
    };

    public ILogger<T> Logger<T>() => Rig.Log.CreateLogger<T>();

    /// <summary>A frame of the first camera.</summary>
    public Frame Frame(long sequence = 1) => FakeFrame.Take(Rig.Pool, Intake.Configuration.Id, sequence, Time);

    /// <summary>Answers to the first question of the first camera, as stage 2 gives them.</summary>
    public FrameAnswered Answered(long sequence, string value) => new()
    {
        Camera = Intake.Configuration.Id,
        Sequence = new FrameSequence(sequence),
        CapturedAt = Time.GetUtcNow(),
        CapturedTimestamp = Time.GetTimestamp(),
        Age = TimeSpan.Zero,
        AgeAtSelection = TimeSpan.Zero,
        GateTime = TimeSpan.Zero,
        EncodeTime = TimeSpan.Zero,
        PrefillTime = TimeSpan.Zero,
        Answers =
        [
            new QuestionAnswered(
                Intake.Configuration.Questions[0],
                [
                    new Inference.Answers.Answer(
                        new Inference.Answers.Question("person", Inference.Answers.AnswerKind.YesNo), value, value, null, [], Inference.Answers.FinishReason.Stopped, default),
                ],
                Time.GetUtcNow(),
                TimeSpan.Zero,
                sequence),
        ],
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var intake in Intakes.Current)
        {
            intake.Close();
        }

        Uploads.Close();
        await Rig.DisposeAsync();
        Publisher.Dispose();
        await Outbox.DisposeAsync();
    }
}
