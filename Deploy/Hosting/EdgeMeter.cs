using System.Diagnostics.Metrics;
using System.Reflection;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The statistics as instruments of .NET's own metrics: each property of the payload that carries a
/// <see cref="MetricAttribute"/>, and what is computed from several of them or measured here. They cost nothing while nobody
/// listens.</summary>
internal sealed class EdgeMeter : IDisposable
{
    public const string Name = "MobileVlm.Edge";

    // A collection reads the instruments one after the other, within milliseconds. All of them use one snapshot, so that their values
    // belong together and the costly snapshot is taken once.
    private static readonly TimeSpan OneCollection = TimeSpan.FromMilliseconds(100);

    private readonly Meter _meter = new(Name);
    private readonly EdgeSystem _system;
    private readonly TimeProvider _time;
    private readonly Histogram<double> _age;
    private readonly Histogram<double> _stages;
    private readonly Lock _lock = new();
    private StatsPayload? _stats;
    private long _takenAt;

    public EdgeMeter(EdgeSystem system, TimeProvider time)
    {
        _system = system;
        _time = time;
        Properties<StatsPayload>(stats => [(stats, [])]);
        Properties<CameraStats>(stats => stats.Cameras.Select(camera => (camera.Value, Tags("camera", camera.Key))));
        Properties<QuestionStats>(stats =>
            from camera in stats.Cameras
            from question in camera.Value.Questions
            select (question.Value, (KeyValuePair<string, object?>[])[new("camera", camera.Key), new("question", question.Key)]));
        Properties<PipelineStats>(stats => [(stats.Pipeline, [])]);
        Properties<MqttStats>(stats => [(stats.Mqtt, [])]);
        Properties<StorageStats>(stats => [(stats.Storage, [])]);
        Properties<HistoryCounts>(stats => stats.History is { } history ? [(history, [])] : []);
        Properties<WebhookStats>(stats =>
            stats.Webhooks is { } webhooks ? webhooks.Select(webhook => (webhook.Value, Tags("webhook", webhook.Key))) : []);
        Properties<ClusterStats>(stats => stats.Cluster is { } cluster ? [(cluster, [])] : []);
        Properties<ClusterNodeStats>(stats =>
            stats.Cluster is { } cluster ? cluster.Nodes.Select(node => (node.Value, Tags("host", node.Key))) : []);
        _meter.CreateObservableGauge("mobilevlm.cluster.up", HostsUp, description: "1 while the host of the cluster is up and used.");
        _meter.CreateObservableGauge("mobilevlm.camera.view.normal", ViewIsNormal, description: "1 while the view is normal.");
        _meter.CreateObservableGauge(
            "mobilevlm.question.drifted", QuestionsDrifted, description: "1 while the pictures of a taught question are unlike those from which it was taught.");
        _meter.CreateObservableGauge(
            "mobilevlm.storage.ok", StorageIsOk, description: "1 while it is kept on disk or nothing is configured, by part: outbox, state, history.");
        _meter.CreateObservableGauge("mobilevlm.outbox.oldest.age", OldestAge, "s", "How long the oldest of them has waited; 0 when none does.");
        _meter.CreateObservableGauge(
            "mobilevlm.pipeline.stuck", () => _system.StuckFor.TotalSeconds, "s", "How long nothing has progressed that should have.");
        _meter.CreateObservableGauge("mobilevlm.temperature", TemperatureSensors.Read, "Cel", "Temperature, from the sensors of the device.");
        _meter.CreateObservableGauge(
            "mobilevlm.pace", Pace, "1", "Share of time that the engine may work; 1 without a limit. Only where Pace is configured.");
        _age = _meter.CreateHistogram<double>("mobilevlm.answer.age", "s", "Age of the picture when its answers were ready.", advice: Buckets);
        _stages = _meter.CreateHistogram<double>("mobilevlm.stage", "s", "Time in each stage: capture, gate, encode, prefill, decode, publish.", advice: Buckets);
        _system.Answered += Record;
        _system.Acknowledged += Published;
    }

    /// <summary>Buckets of durations, from a small model on a GPU to a large one on a weak processor.</summary>
    private static InstrumentAdvice<double> Buckets => new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
    };

    public void Dispose()
    {
        _system.Answered -= Record;
        _system.Acknowledged -= Published;
        _meter.Dispose();
    }

    /// <summary>Creates an instrument for each property of one part of the statistics that is a metric.</summary>
    /// <param name="parts">The part, or one for each camera with its tags.</param>
    private void Properties<T>(Func<StatsPayload, IEnumerable<(T Part, KeyValuePair<string, object?>[] Tags)>> parts)
    {
        foreach (var property in typeof(T).GetProperties())
        {
            switch (property.GetCustomAttribute<MetricAttribute>())
            {
                case CounterAttribute counter:
                    _meter.CreateObservableCounter(counter.Name, Measure, counter.Unit, counter.Description);
                    break;
                case GaugeAttribute gauge:
                    _meter.CreateObservableGauge(gauge.Name, Measure, gauge.Unit, gauge.Description);
                    break;
                case null:
                    break;
                case var other:
                    throw new NotSupportedException($"{other.GetType().Name} is not known to the meter.");
            }

            IEnumerable<Measurement<long>> Measure() =>
                from part in parts(Stats())
                let value = Number(property.GetValue(part.Part))
                where value is not null
                select new Measurement<long>(value.Value, part.Tags);
        }
    }

    private static long? Number(object? value) => value switch
    {
        null => null,
        long number => number,
        bool isSo => isSo ? 1 : 0,
        _ => throw new NotSupportedException($"A metric of type {value.GetType().Name} is not known to the meter."),
    };

    private static KeyValuePair<string, object?>[] Tags(string name, string value) => [new(name, value)];

    /// <summary>The statistics of this collection.</summary>
    private StatsPayload Stats()
    {
        lock (_lock)
        {
            if (_stats is null || _time.GetElapsedTime(_takenAt) > OneCollection)
            {
                _stats = _system.Stats();
                _takenAt = _time.GetTimestamp();
            }

            return _stats;
        }
    }

    private IEnumerable<Measurement<double>> Pace() => Stats().Pace is { } pace ? [new Measurement<double>(pace.Factor)] : [];

    private IEnumerable<Measurement<long>> ViewIsNormal() => Stats().Cameras.Select(
        camera => new Measurement<long>(camera.Value.View == ViewState.Normal.ToText() ? 1 : 0, Tags("camera", camera.Key)));

    private IEnumerable<Measurement<int>> QuestionsDrifted() =>
        from camera in Stats().Cameras
        from question in camera.Value.Questions
        where question.Value.TaughtDrift is { State: not TaughtDriftStats.NoReference }
        select new Measurement<int>(
            question.Value.TaughtDrift!.State == TaughtDriftStats.Drifted ? 1 : 0,
            (KeyValuePair<string, object?>[])[new("camera", camera.Key), new("question", question.Key)]);

    private IEnumerable<Measurement<int>> HostsUp() => Stats().Cluster is { } cluster
        ? cluster.Nodes.Select(node => new Measurement<int>(node.Value.State == ClusterNodeStats.Up ? 1 : 0, Tags("host", node.Key)))
        : [];

    private IEnumerable<Measurement<int>> StorageIsOk()
    {
        var stats = Stats();
        yield return IsOk(stats.Storage.Outbox, "outbox");
        yield return IsOk(stats.Storage.State, "state");
        if (stats.History is { } history)
        {
            yield return IsOk(history.Storage, "history");
        }

        static Measurement<int> IsOk(string place, string part) =>
            new(place is StorageStats.Disk or StorageStats.Off ? 1 : 0, Tags("part", part));
    }

    private double OldestAge()
    {
        var stats = Stats();

        // Never below zero: a wall clock that was set back would give a negative time.
        return stats.Mqtt.EventsWaitingSince is { } since && stats.At is { } now ? Math.Max(0, (now - since).TotalSeconds) : 0;
    }

    private void Record(FrameAnswered answered)
    {
        _age.Record(answered.Age.TotalSeconds, new KeyValuePair<string, object?>("camera", answered.Camera.Value));
        Stage("capture", answered.AgeAtSelection);
        Ran("gate", answered.GateTime);
        Ran("encode", answered.EncodeTime);
        var fresh = answered.Answers.Where(answer => !answer.Reused).ToList();

        Ran("prefill", PrefillTime(answered.PrefillTime, fresh));
        foreach (var answer in fresh)
        {
            Ran("decode", answer.Timings.Decode);
        }
    }

    /// <summary>The time of all prefills for one frame.</summary>
    /// <param name="picture">Prefilling the frame by itself.</param>
    /// <param name="fresh">The answers that were computed. Questions of one batch have one prefill, and each reports it; there may be several
    /// batches.</param>
    internal static TimeSpan PrefillTime(TimeSpan picture, IEnumerable<QuestionAnswered> fresh) => fresh
        .SelectMany(answer => answer.Parts)
        .Select(part => part.Timings)
        .DistinctBy(timings => timings.Batch)
        .Aggregate(picture, (sum, timings) => sum + timings.Prefill);

    private void Published(TimeSpan took) => Stage("publish", took);

    /// <summary>Records a stage only if it ran for this frame: a skipped stage must not count as zero seconds.</summary>
    private void Ran(string stage, TimeSpan took)
    {
        if (took > TimeSpan.Zero)
        {
            Stage(stage, took);
        }
    }

    private void Stage(string stage, TimeSpan took) =>
        _stages.Record(took.TotalSeconds, new KeyValuePair<string, object?>("stage", stage));
}
