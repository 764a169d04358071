using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Connectors.Webhooks;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Taught;
using MobileVlm.Edge.Deploy.Http;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The composition root of the running service: creates the concrete classes, connects them and owns them. Both the
/// service and the demo use it.</summary>
internal sealed partial class EdgeRuntime : IAsyncDisposable
{
    /// <summary>The time limit for the embedded broker to stop, after everything else.</summary>
    private static readonly TimeSpan BrokerStop = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly StateLocks _locks;
    private readonly EmbeddedBroker? _broker;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ModelManifest? _model;
    private readonly ClipRings? _clips;
    private readonly int _imageSize;
    private readonly TaughtLog _taught;
    private EdgeConfiguration _configuration;

    private EdgeRuntime(
        EdgeConfiguration configuration,
        ModelManifest? model,
        int imageSize,
        StateLocks locks,
        EmbeddedBroker? broker,
        Uri? brokerAddress,
        FramePool frames,
        EdgeSystem system,
        IHistory? history,
        ClipRings? clips,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        (_broker, BrokerAddress, Frames, System, History, _clips) = (broker, brokerAddress, frames, system, history, clips);
        (_configuration, _model, _imageSize, _locks, _time, _loggers) = (configuration, model, imageSize, locks, time, loggers);
        _logger = loggers.CreateLogger<EdgeRuntime>();
        _taught = new TaughtLog(loggers.CreateLogger<TaughtLog>());
        _taught.Report(configuration.Taught.Uses(model));
        Broker = brokerAddress?.GetLeftPart(UriPartial.Authority) ?? DiscardingLink.Name;
    }

    /// <summary>The address to which subscribers connect; null without a broker.</summary>
    public Uri? BrokerAddress { get; }

    /// <summary>The broker's address for messages to people.</summary>
    public string Broker { get; }

    public FramePool Frames { get; }

    public EdgeSystem System { get; }

    /// <summary>What is stored on disk; null where no history is kept.</summary>
    public IHistory? History { get; }

    /// <summary>The configuration that was applied last.</summary>
    public EdgeConfiguration Configuration => _configuration;

    /// <summary>Opens everything and starts. If a later part fails, what was opened is closed again.</summary>
    /// <param name="configuration">Validated.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">For the log.</param>
    /// <param name="live">Gets what viewers follow over HTTP; null without an HTTP server.</param>
    /// <param name="addresses">Signs addresses of the HTTP server; null without one.</param>
    /// <param name="cancel">Cancels the start.</param>
    /// <exception cref="StorageInUseException">Another service uses the state folder, the outbox or the history.</exception>
    /// <exception cref="ModelFolderException">The model cannot be used.</exception>
    /// <exception cref="ExecutionTargetException">The target is not available.</exception>
    /// <exception cref="EmbeddedBrokerPortBusyException">The embedded broker's port is in use.</exception>
    public static async Task<EdgeRuntime> StartAsync(
        EdgeConfiguration configuration, TimeProvider time, ILoggerFactory loggers, LiveEvents? live = null, SignedAddresses? addresses = null, CancellationToken cancel = default)
    {
        var locks = StateLocks.Take(configuration, loggers.CreateLogger("Storage"));
        try
        {
            return await StartAsync(configuration, locks, time, loggers, live, addresses, cancel);
        }
        catch
        {
            locks.Dispose();
            throw;
        }
    }

    private static async Task<EdgeRuntime> StartAsync(
        EdgeConfiguration configuration,
        StateLocks locks,
        TimeProvider time,
        ILoggerFactory loggers,
        LiveEvents? live,
        SignedAddresses? addresses,
        CancellationToken cancel)
    {
        OnnxRuntimeLibrary.Use(configuration.RuntimeLibrary);
        var sessions = new SessionPlacements(loggers.CreateLogger("Sessions"));
        var cluster = configuration.ToClusterSettings();
        using var model = configuration.HasModel ? await ModelCheck.RunAsync(configuration, sessions, loggers, cancel) : null;
        var broker = configuration.EmbeddedBrokerPort is { } port
            ? await EmbeddedBroker.StartAsync(port, loggers.CreateLogger<EmbeddedBroker>())
            : null;
        EdgeSystem? system = null;
        try
        {
            var mqtt = configuration.HasBroker ? configuration.ToMqttSettings(broker?.Address) : null;
            var frames = new FramePool();
            var clips = configuration.ToClipSettings() is { } clipSettings ? new ClipRings(clipSettings, time) : null;
            var dependencies = CreateDependencies(configuration, model, sessions, mqtt, frames, clips, live, addresses, time, loggers);
            var settings = configuration.ToEdgeSettings(model?.Folder.Manifest.Name ?? "", model?.Folder.Manifest);
            system = new EdgeSystem(
                settings with
                {
                    Cluster = cluster,
                    HomeAssistant = settings.HomeAssistant with { ModelFamily = model?.Folder.Manifest.Projector?.Family },
                },
                dependencies,
                time,
                loggers);
            await system.StartAsync();
            return new EdgeRuntime(
                configuration, model?.Folder.Manifest, ImageSize(model), locks, broker, mqtt?.Broker, frames, system, dependencies.History, clips, time, loggers);
        }
        catch
        {
            if (system is not null)
            {
                await system.DisposeAsync();
            }

            if (broker is not null)
            {
                await broker.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Applies the cameras and questions of a newer configuration; its other settings take effect after a restart. Must not
    /// be called concurrently.</summary>
    /// <returns>The differences to the previous configuration.</returns>
    public ConfigurationChange Apply(EdgeConfiguration configuration)
    {
        var change = ConfigurationChange.Between(_configuration, configuration, _imageSize, _model);
        if (!change.CamerasAreUnchanged)
        {
            System.Change(
                configuration.ToEdgeSettings("", _model).Cameras,
                [.. change.Opened.Select(camera => Open(camera, Frames, _clips, _time, _loggers))]);
            _clips?.Keep([.. configuration.ToCameraSettings(_imageSize).Where(camera => camera.RecordsClips).Select(camera => camera.Id.Value)]);
        }

        _configuration = configuration;
        _taught.Report(configuration.Taught.Uses(_model));
        System.ConfigurationDigest = ConfigurationDigest.Of(configuration.Options);
        return change;
    }

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        if (_broker is not null)
        {
            try
            {
                await _broker.DisposeAsync().AsTask().WaitAsync(BrokerStop);
            }
            catch (TimeoutException)
            {
                LogBrokerLate(BrokerStop.TotalSeconds);
            }
        }

        _locks.Dispose();
    }

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message =
        "The embedded broker did not stop within {Seconds:0} s; it ends with the process.")]
    private partial void LogBrokerLate(double seconds);

    private static int ImageSize(TestedModel? model) =>
        model?.Folder.Manifest.Vision?.ImageSize ?? OnvifProfileChoice.EncoderHeight;

    private static ClusterModel? ToClusterModel(ModelFolder folder) => folder.Manifest.Vision is { } vision
        ? new ClusterModel(
            folder.Manifest.Name,
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder.FolderPath, ModelManifest.FileName)))),
            vision.ImageSize,
            SquarePicture.PaddingOf(vision.ImageMean) is var padding ? (padding[0] << 16) | (padding[1] << 8) | padding[2] : 0)
        : null;

    private static ICameraSource Open(
        CameraSettings camera, FramePool frames, ClipRings? clips, TimeProvider time, ILoggerFactory loggers) =>
        CameraSources.Create(camera, frames, time, loggers.CreateLogger($"Camera.{camera.Id}"), clips);

    private static EdgeDependencies CreateDependencies(
        EdgeConfiguration configuration,
        TestedModel? model,
        SessionPlacements sessions,
        MqttSettings? mqtt,
        FramePool frames,
        ClipRings? clips,
        LiveEvents? live,
        SignedAddresses? addresses,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        var sent = 0L;
        var parts = CreateParts(configuration, model, sessions, mqtt, frames, clips, live, time, loggers, () => Interlocked.Increment(ref sent)) with
        {
            SignedAddress = path => addresses?.Sign(path),
        };
        if (model is null)
        {
            return parts;
        }

        var tokenizer = LlamaTextTokenizer.Open(model.Folder);
        return parts with
        {
            OpenEncoder = model.Folder.Manifest.Vision is null ? () => new NoEncoder() : model.TakeEncoder,
            OpenAnswerer = () => new EngineAnswerer(model.Folder, model.TakeDecoder(), tokenizer, configuration.ContextTokens),
            ToTaught = model.Folder.Manifest.Vision is null ? null : (question, region, result, labels) => TaughtQuestion.Of(
                $"mobilevlm {ProgramVersion.Text}",
                model.Folder.Manifest,
                new TaughtText(question.PromptFor(model.Folder.Manifest), question.Choices, region),
                result,
                labels),
            ClusterModel = configuration.HasCluster ? ToClusterModel(model.Folder) : null,
        };
    }

    private static EdgeDependencies CreateParts(
        EdgeConfiguration configuration,
        TestedModel? model,
        SessionPlacements sessions,
        MqttSettings? mqtt,
        FramePool frames,
        ClipRings? clips,
        LiveEvents? live,
        TimeProvider time,
        ILoggerFactory loggers,
        Func<long> nextSent)
    {
        var history = configuration.ToHistorySettings() is { } historySettings
            ? SqliteHistory.Open(historySettings, time, loggers.CreateLogger<SqliteHistory>())
            : null;
        return new()
        {
            Cameras = [.. configuration.ToCameraSettings(ImageSize(model)).Select(camera =>
                Open(camera, frames, clips, time, loggers))],
            Link = mqtt is null ? new DiscardingLink() : new MqttLink(mqtt, loggers.CreateLogger<MqttLink>()),
            LiveEvents = live,
            Outbox = configuration.ToOutboxSettings() is { } outbox
                ? SqliteOutbox.Open(outbox, time, loggers.CreateLogger<SqliteOutbox>())
                : new MemoryOutbox(time),
            Webhooks = [.. configuration.ToWebhooks().Select(webhook => new WebhookParts(
                webhook.Settings.Name,
                new WebhookSender(webhook.Settings, ProgramVersion.Text, time),
                configuration.ToOutboxSettings(webhook.Settings) is { } outboxOfWebhook
                    ? SqliteOutbox.Open(outboxOfWebhook, time, loggers.CreateLogger<SqliteOutbox>())
                    : new MemoryOutbox(time))
            {
                Questions = webhook.Questions,
                States = webhook.States,
            })],
            History = history,
            Clips = history is not null && clips is not null
                ? new ClipRecorder(configuration.ToClipSettings()!, clips, history, time, loggers.CreateLogger<ClipRecorder>())
                : null,
            Labels = configuration.ToLabels(),
            Topics = configuration.ToTopics(),
            Placement = () => sessions.Placement,
            ReadTemperature = new DeviceTemperature(configuration.Options.Pace.Sensor).Read,
            FrameToJpeg = frame => ImageCodec.EncodeJpeg(frame),
            PictureToFrame = file => UploadedPicture.ToFrame(
                file.Span, frames, new CameraId("picture"), new FrameSequence(nextSent()), time),
        };
    }
}
