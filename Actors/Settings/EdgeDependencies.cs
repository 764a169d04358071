using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>The parts that an <see cref="EdgeSystem"/> is composed of.</summary>
public sealed record EdgeDependencies
{
    /// <summary>One source for each configured camera, found by its id.</summary>
    public required IReadOnlyList<ICameraSource> Cameras { get; init; }

    /// <summary>Owned from here on: disposed at the end of the stop.</summary>
    public required IMqttLink Link { get; init; }

    /// <summary>The outbox in which events wait for the broker; in memory by default. Owned: disposed at the end of the
    /// stop.</summary>
    public IEventOutbox Outbox { get; init; } = new MemoryOutbox(TimeProvider.System);

    /// <summary>Receivers of events besides the broker. Owned.</summary>
    public IReadOnlyList<WebhookParts> Webhooks { get; init; } = [];

    /// <summary>Stores answers, events and snapshots; null where no history is kept. Owned: disposed at the end of the stop.</summary>
    public IHistory? History { get; init; }

    /// <summary>Records clips of events; null where none are recorded. Owned: disposed at the end of the stop.</summary>
    public IClipRecorder? Clips { get; init; }

    /// <summary>Where labels are stored; null without a state folder.</summary>
    public LabelFiles? Labels { get; init; }

    /// <summary>The signed address of a path of the HTTP server, as users reach it; null where they cannot. Called on any thread.</summary>
    public Func<string, string?> SignedAddress { get; init; } = _ => null;

    public required NodeTopics Topics { get; init; }

    /// <summary>Opens stage 1; null, like stage 2, where only other hosts of the cluster have a model. Called on the thread that will run it, again after each failure; what it returns is
    /// disposed on that thread before the next one is opened.</summary>
    public Func<IVisionEncoder>? OpenEncoder { get; init; }

    /// <summary>Opens stage 2, under the same rules.</summary>
    public Func<IQuestionAnswerer>? OpenAnswerer { get; init; }

    /// <summary>Describes for a file what was learned of a question, its region, with this many labels of each answer; null where this host
    /// has no model that processes pictures.</summary>
    public Func<Question, string?, TeachingResult, IReadOnlyDictionary<string, int>, TaughtQuestion>? ToTaught { get; init; }

    /// <summary>The model, for other hosts of the cluster; null where it processes no pictures, and without a cluster.</summary>
    public ClusterModel? ClusterModel { get; init; }

    /// <summary>False where other hosts of the cluster answer.</summary>
    public bool HasModel => OpenEncoder is not null && OpenAnswerer is not null;

    /// <summary>Gets answers, states, events and cameras for viewers; null where nobody can follow them.</summary>
    public LiveEvents? LiveEvents { get; init; }

    /// <summary>Reads the devices on which the model's sessions run, for the statistics. Called on any thread.</summary>
    public Func<ModelPlacement> Placement { get; init; } = () => ModelPlacement.Unknown;

    /// <summary>Reads the temperature that <see cref="PaceSettings.MaxTemperature"/> limits; null when it cannot be read. Called on any
    /// thread.</summary>
    public Func<TemperatureReading?> ReadTemperature { get; init; } = () => null;

    /// <summary>A frame as JPEG. Called on its own thread; must not keep the frame.</summary>
    public required Func<Frame, byte[]> FrameToJpeg { get; init; }

    /// <summary>Decodes a picture file that came with a question; the caller owns the frame. Called on its own thread.
    /// Throws <see cref="ImageFileException"/> when the file is not a usable picture.</summary>
    public required Func<ReadOnlyMemory<byte>, Frame> PictureToFrame { get; init; }
}
