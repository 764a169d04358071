using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class EdgeMeterTests
{
    /// <summary>Every instrument, by kind, name, unit and description.</summary>
    internal static readonly string[] Instruments =
    [
        "Histogram mobilevlm.answer.age [s] Age of the picture when its answers were ready.",
        "Histogram mobilevlm.stage [s] Time in each stage: capture, gate, encode, prefill, decode, publish.",
        "ObservableCounter mobilevlm.answers [] Answers given.",
        "ObservableCounter mobilevlm.camera.frozen [] Connections that repeated one picture while a new connection showed another.",
        "ObservableCounter mobilevlm.camera.restarts [] Capture attempts after the first.",
        "ObservableCounter mobilevlm.camera.view.changes [] How often the view stopped being normal.",
        "ObservableCounter mobilevlm.cluster.answered [] Frames of this host that the other host answered.",
        "ObservableCounter mobilevlm.cluster.ignored [] Messages of other hosts that were ignored.",
        "ObservableCounter mobilevlm.cluster.late [] Frames that the other host answered after they were given up.",
        "ObservableCounter mobilevlm.cluster.lost [] Frames of this host that the other host did not answer.",
        "ObservableCounter mobilevlm.cluster.served [] Frames of the other host that this host answered.",
        "ObservableCounter mobilevlm.engine.restarts [] How often the engine was replaced after a failure.",
        "ObservableCounter mobilevlm.frames.captured [] Frames received from the camera.",
        "ObservableCounter mobilevlm.frames.failed [] Frames lost to an error.",
        "ObservableCounter mobilevlm.frames.gated [] Frames for which an earlier answer about the same scene was reused.",
        "ObservableCounter mobilevlm.frames.idle [] Frames dropped because no question was due.",
        "ObservableCounter mobilevlm.frames.repeated [] Additional encoder runs for questions about another region.",
        "ObservableCounter mobilevlm.frames.replaced [] Frames replaced by a newer one before the pipeline used them.",
        "ObservableCounter mobilevlm.frames.stale [] Frames dropped because they were too old.",
        "ObservableCounter mobilevlm.frames.used [] Frames that were answered.",
        "ObservableCounter mobilevlm.history.dropped [] Answers that the history could not store.",
        "ObservableCounter mobilevlm.history.stored [] Answers that were stored in the history.",
        "ObservableCounter mobilevlm.mqtt.failed [] Messages that the broker refused or did not acknowledge.",
        "ObservableCounter mobilevlm.mqtt.published [] Messages that the broker acknowledged.",
        "ObservableCounter mobilevlm.mqtt.reconnects [] Connections after the first.",
        "ObservableCounter mobilevlm.outbox.dropped [] Events dropped because the outbox was full or they were too old.",
        "ObservableCounter mobilevlm.question.answered [] How often the model answered the question.",
        "ObservableCounter mobilevlm.question.asked [] How often the model was asked the question.",
        "ObservableCounter mobilevlm.question.failed [] How often the model failed at the question.",
        "ObservableCounter mobilevlm.webhook.delivered [] Events that the receiver of a webhook has taken.",
        "ObservableCounter mobilevlm.webhook.dropped [] Events that were given up while they waited for the receiver of a webhook.",
        "ObservableCounter mobilevlm.webhook.failed [] Attempts to deliver an event that failed.",
        "ObservableCounter mobilevlm.webhook.refused [] Events that the receiver of a webhook refused; they are dropped.",
        "ObservableGauge mobilevlm.camera.online [] 1 while frames come in.",
        "ObservableGauge mobilevlm.camera.same_frame [s] How long a live source has repeated its pictures.",
        "ObservableGauge mobilevlm.camera.view.normal [] 1 while the view is normal.",
        "ObservableGauge mobilevlm.cluster.up [] 1 while the host of the cluster is up and used.",
        "ObservableGauge mobilevlm.history.clips [] Clips in the history.",
        "ObservableGauge mobilevlm.history.events [] Events in the history.",
        "ObservableGauge mobilevlm.history.rows [] Answers in the history, and minutes of older ones.",
        "ObservableGauge mobilevlm.history.size [By] Size of the history's files.",
        "ObservableGauge mobilevlm.history.snapshots [] Snapshots in the history.",
        "ObservableGauge mobilevlm.memory.resident [By] Memory of the process in RAM.",
        "ObservableGauge mobilevlm.mqtt.connected [] 1 while the broker is there.",
        "ObservableGauge mobilevlm.outbox.events [] Events that wait for the broker.",
        "ObservableGauge mobilevlm.outbox.memory [] Events that wait and that no disk has.",
        "ObservableGauge mobilevlm.outbox.oldest.age [s] How long the oldest of them has waited; 0 when none does.",
        "ObservableGauge mobilevlm.outbox.size [By] Size of the events that wait.",
        "ObservableGauge mobilevlm.pace [1] Share of time that the engine may work; 1 without a limit. Only where Pace is configured.",
        "ObservableGauge mobilevlm.pipeline.stuck [s] How long nothing has progressed that should have.",
        "ObservableGauge mobilevlm.question.drifted [] 1 while the pictures of a taught question are unlike those from which it was taught.",
        "ObservableGauge mobilevlm.storage.ok [] 1 while it is kept on disk or nothing is configured, by part: outbox, state, history.",
        "ObservableGauge mobilevlm.temperature [Cel] Temperature, from the sensors of the device.",
        "ObservableGauge mobilevlm.webhook.waiting [] Events that wait for the receiver of a webhook.",
    ];

    [Fact]
    public async Task Instruments_have_the_names_units_and_descriptions_that_dashboards_know()
    {
        await using var system = System();
        using var meter = new EdgeMeter(system, TimeProvider.System);
        var found = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == EdgeMeter.Name)
            {
                found.Add($"{KindOf(instrument)} {instrument.Name} [{instrument.Unit}] {instrument.Description}");
            }
        };
        listener.Start();

        Assert.Equal(Instruments, found.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_collection_takes_the_statistics_once_and_the_next_one_takes_them_again()
    {
        var taken = 0;
        var clock = new SetClock();
        await using var system = System(() =>
        {
            taken++;
            return ModelPlacement.Unknown;
        });
        using var meter = new EdgeMeter(system, clock);
        using var listener = Listen(out var measured);

        listener.RecordObservableInstruments();
        Assert.Equal(1, taken);
        Assert.True(measured.Count > 20, $"Only {measured.Count} measurements.");
        clock.Timestamp += TimeProvider.System.TimestampFrequency;
        listener.RecordObservableInstruments();
        Assert.Equal(2, taken);
    }

    [Fact]
    public async Task Measurements_are_the_numbers_of_the_statistics_with_their_labels()
    {
        await using var system = System();
        using var meter = new EdgeMeter(system, TimeProvider.System);
        using var listener = Listen(out var measured);

        listener.RecordObservableInstruments();

        Assert.Equal(0, measured["mobilevlm.frames.captured camera=gate"]);
        Assert.Equal(0, measured["mobilevlm.camera.view.normal camera=gate"]);
        Assert.Equal(0, measured["mobilevlm.mqtt.connected"]);
        Assert.Equal(1, measured["mobilevlm.storage.ok part=outbox"]);
        Assert.Equal(1, measured["mobilevlm.storage.ok part=state"]);
        Assert.True(measured["mobilevlm.memory.resident"] > 0);
        Assert.DoesNotContain("mobilevlm.camera.same_frame camera=gate", measured.Keys);
    }

    [Fact]
    public void The_prefill_of_a_batch_counts_once_and_that_of_each_batch_counts()
    {
        var (picture, prefill) = (TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(25));
        var (first, second) = (new AnswerTimings(prefill, TimeSpan.Zero) { Batch = 1 }, new AnswerTimings(prefill, TimeSpan.Zero) { Batch = 2 });

        // Two batches may take equally long.
        Assert.Equal(picture + prefill + prefill, EdgeMeter.PrefillTime(picture, [Answered(first, first), Answered(first), Answered(second)]));
        Assert.Equal(picture, EdgeMeter.PrefillTime(picture, []));

        static QuestionAnswered Answered(params AnswerTimings[] timings) => new(
            new StandingQuestion("person", "A person?", QuestionKind.YesNo, TimeSpan.Zero),
            [.. timings.Select(timing => new Answer(
                new Question("A person?", AnswerKind.YesNo), "yes", "Yes", 0.9, [], FinishReason.Stopped, timing))],
            DateTimeOffset.UnixEpoch,
            TimeSpan.Zero,
            1);
    }

    private static MeterListener Listen(out Dictionary<string, double> measured)
    {
        var values = measured = [];
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == EdgeMeter.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => values[KeyOf(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => values[KeyOf(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => values[KeyOf(instrument, tags)] = value);
        listener.Start();
        return listener;
    }

    private static string KeyOf(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        string.Join(' ', [instrument.Name, .. tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")]);

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0];

    private static EdgeSystem System(Func<ModelPlacement>? placement = null)
    {
        var gate = new CameraId("gate");
        return new EdgeSystem(
            new EdgeSettings
            {
                Node = "box",
                ModelName = "demo",
                Target = "cpu",
                Cameras = [new CameraConfiguration(gate, [new StandingQuestion("person", "A person?", QuestionKind.YesNo, TimeSpan.Zero)], Snapshot: false)],
            },
            new EdgeDependencies
            {
                Cameras =
                [
                    CameraSources.Create(
                        new CameraSettings { Id = gate, Source = "pattern:64x64@1" }, new FramePool(), TimeProvider.System, NullLogger.Instance),
                ],
                Link = new DiscardingLink(),
                Topics = new NodeTopics("mobilevlm", "box"),
                Placement = placement ?? (() => ModelPlacement.Unknown),
                OpenEncoder = () => throw new NotSupportedException(),
                OpenAnswerer = () => throw new NotSupportedException(),
                FrameToJpeg = _ => throw new NotSupportedException(),
                PictureToFrame = _ => throw new NotSupportedException(),
            },
            TimeProvider.System,
            NullLoggerFactory.Instance);
    }

    private sealed class SetClock : TimeProvider
    {
        public long Timestamp { get; set; } = 1;

        public override long GetTimestamp() => Timestamp;
    }
}
