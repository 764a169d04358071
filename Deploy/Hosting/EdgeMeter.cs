using System.Diagnostics.Metrics;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>What the box counts, as instruments of .NET's own metrics. They cost nothing while nobody listens.</summary>
internal sealed class EdgeMeter : IDisposable
{
    public const string Name = "MobileVlm.Edge";

    private readonly Meter _meter = new(Name);
    private readonly EdgeSystem _system;
    private readonly Histogram<double> _age;
    private readonly Histogram<double> _stages;

    public EdgeMeter(EdgeSystem system)
    {
        _system = system;
        OfCameras("mobilevlm.frames.captured", "Frames that came in.", camera => camera.Captured);
        OfCameras("mobilevlm.frames.replaced", "Frames that a newer one replaced.", camera => camera.Replaced);
        OfCameras("mobilevlm.frames.idle", "Frames at whose time no question was due.", camera => camera.Idle);
        OfCameras("mobilevlm.frames.stale", "Frames that were too old.", camera => camera.Stale);
        OfCameras("mobilevlm.frames.used", "Frames that were answered.", camera => camera.Used);
        OfCameras("mobilevlm.frames.gated", "Frames that an earlier answer about the same scene held for.", camera => camera.Gated);
        OfCameras("mobilevlm.frames.repeated", "Frames looked at once more, for another region.", camera => camera.Repeated);
        OfCameras("mobilevlm.frames.failed", "Frames lost to an error.", camera => camera.Failed);
        OfCameras("mobilevlm.camera.restarts", "Capture attempts after the first.", camera => camera.CaptureRestarts);
        OfCameras("mobilevlm.camera.frozen", "Connections that repeated one picture while a new one showed another.", camera => camera.Frozen);
        OfCameras("mobilevlm.camera.view.changes", "Times that the view became one that is not normal.", camera => camera.ViewChanges);
        _meter.CreateObservableGauge(
            "mobilevlm.camera.view.normal", () => Each(camera => camera.View == ViewState.Normal ? 1 : 0), description: "1 while the view is normal.");
        _meter.CreateObservableGauge(
            "mobilevlm.camera.same_frame", SameFrame, "s", "How long a live source has repeated its pictures.");
        _meter.CreateObservableGauge(
            "mobilevlm.camera.online", () => Each(camera => camera.Online ? 1 : 0), description: "1 while frames come in.");
        Of("mobilevlm.answers", "Answers given.", stats => stats.Pipeline.Answers);
        Of("mobilevlm.engine.restarts", "Times that the engine was replaced.", stats => stats.Pipeline.Restarts);
        Of("mobilevlm.mqtt.published", "Messages that the broker acknowledged.", stats => stats.Mqtt.Published);
        Of("mobilevlm.mqtt.failed", "Messages that it refused or did not hear.", stats => stats.Mqtt.Failed);
        Of("mobilevlm.mqtt.reconnects", "Connections after the first.", stats => stats.Mqtt.Reconnects);
        Of("mobilevlm.outbox.dropped", "Events given up for room or age.", stats => stats.Mqtt.EventsDropped);
        _meter.CreateObservableGauge(
            "mobilevlm.mqtt.connected", () => _system.Stats().Mqtt.Connected ? 1 : 0, description: "1 while the broker is there.");
        _meter.CreateObservableGauge(
            "mobilevlm.outbox.events", () => _system.Stats().Mqtt.EventsWaiting, description: "Events that wait for the broker.");
        _meter.CreateObservableGauge(
            "mobilevlm.outbox.size", () => _system.Stats().Mqtt.EventsWaitingBytes, "By", "Size of the events that wait.");
        _meter.CreateObservableGauge(
            "mobilevlm.storage.ok", Storage, description: "1 while it is kept on disk or nothing is configured, by part: outbox, state.");
        _meter.CreateObservableGauge(
            "mobilevlm.outbox.memory", () => _system.Stats().Storage.EventsInMemory, description: "Events that wait and that no disk has.");
        _meter.CreateObservableGauge("mobilevlm.outbox.oldest.age", OldestAge, "s", "How long the oldest of them has waited; 0 when none does.");
        _meter.CreateObservableGauge(
            "mobilevlm.pipeline.stuck", () => _system.StuckFor.TotalSeconds, "s", "How long nothing has moved that should have.");
        _meter.CreateObservableGauge("mobilevlm.memory.resident", () => Environment.WorkingSet, "By", "Memory of the process in RAM.");
        _meter.CreateObservableGauge("mobilevlm.temperature", TemperatureSensors.Read, "Cel", "What the box's own sensors say.");
        _age = _meter.CreateHistogram<double>("mobilevlm.answer.age", "s", "Age of the picture when its answers were ready.", advice: Buckets);
        _stages = _meter.CreateHistogram<double>("mobilevlm.stage", "s", "Time in each stage: capture, gate, encode, prefill, decode, publish.", advice: Buckets);
        _system.Answered += Record;
        _system.Acknowledged += Published;
    }

    /// <summary>From a small model on a GPU to a large one on a weak processor.</summary>
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

    private void Record(FrameAnswered answered)
    {
        _age.Record(answered.Age.TotalSeconds, new KeyValuePair<string, object?>("camera", answered.Camera.Value));
        Stage("capture", answered.CaptureTime);
        Ran("gate", answered.GateTime);
        Ran("encode", answered.EncodeTime);
        Ran("prefill", answered.PrimeTime);
        foreach (var answer in answered.Answers.Where(answer => !answer.Reused))
        {
            Stage("decode", answer.Timings.Prefill + answer.Timings.Decode);
        }
    }

    private void Published(TimeSpan took) => Stage("publish", took);

    private IEnumerable<Measurement<int>> Storage()
    {
        var storage = _system.Stats().Storage;
        yield return Of(storage.Outbox, "outbox");
        yield return Of(storage.State, "state");

        static Measurement<int> Of(StorageCondition condition, string part) => new(
            condition.Kind is StorageKind.Disk or StorageKind.Off ? 1 : 0, new KeyValuePair<string, object?>("part", part));
    }

    private double OldestAge()
    {
        var stats = _system.Stats();

        // Never below zero: a wall clock that was set back says nothing about waiting.
        return stats.Mqtt.EventsWaitingSince is { } since && stats.At is { } now ? Math.Max(0, (now - since).TotalSeconds) : 0;
    }

    /// <summary>A stage that this frame did not need is not one that took no time.</summary>
    private void Ran(string stage, TimeSpan took)
    {
        if (took > TimeSpan.Zero)
        {
            Stage(stage, took);
        }
    }

    private void Stage(string stage, TimeSpan took) =>
        _stages.Record(took.TotalSeconds, new KeyValuePair<string, object?>("stage", stage));

    private void Of(string name, string description, Func<EdgeStats, long> value) =>
        _meter.CreateObservableCounter(name, () => value(_system.Stats()), description: description);

    private void OfCameras(string name, string description, Func<CameraStats, long> value) =>
        _meter.CreateObservableCounter(name, () => Each(value), description: description);

    private IEnumerable<Measurement<double>> SameFrame()
    {
        foreach (var (name, camera) in _system.Stats().Cameras)
        {
            if (camera.SameFor is { } same)
            {
                yield return new Measurement<double>(same.TotalSeconds, new KeyValuePair<string, object?>("camera", name));
            }
        }
    }

    private IEnumerable<Measurement<long>> Each(Func<CameraStats, long> value) => _system.Stats().Cameras.Select(
        camera => new Measurement<long>(value(camera.Value), new KeyValuePair<string, object?>("camera", camera.Key)));
}
