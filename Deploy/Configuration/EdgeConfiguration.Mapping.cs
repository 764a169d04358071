using System.Text;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Rules;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Converts the options into the settings of each project. These members read nothing from outside and can be called any
/// number of times.</summary>
internal sealed partial class EdgeConfiguration
{
    /// <summary>The name of this device in topics.</summary>
    public string Node => Options.Node ?? SafeName(_hostName);

    public string ModelPath => FullPath(Options.Model.Path!);

    /// <summary>The device on which the model is requested to run; its sessions report the actual one.</summary>
    public ExecutionTarget Target => ExecutionTarget.TryParse(Options.Model.Target, out var target) ? target : ExecutionTarget.Cpu;

    /// <summary>An ONNX Runtime library to use instead of the bundled one; null for the bundled one.</summary>
    public string? RuntimeLibrary => Options.Model.RuntimeLibrary is { } library ? FullPath(library) : null;

    /// <summary>The folder for what must survive a restart; null if nothing is kept.</summary>
    public string? StateFolder => Options.StateFolder is { } folder ? FullPath(folder) : _systemdState;

    public int ContextTokens => Options.Model.ContextTokens;

    public TimeSpan StopWithin => Options.Pipeline.StopWithin;

    /// <summary>The port of the embedded broker; 0 requests any free port; null if another broker is used.</summary>
    public int? EmbeddedBrokerPort =>
        Options.Mqtt.Broker is { } broker && BrokerAddress.IsEmbedded(broker) ? Options.Mqtt.Port ?? MqttOptions.DefaultPort : null;

    /// <summary>False if no broker is configured, so that answers are available over HTTP alone.</summary>
    public bool HasBroker => Options.Mqtt.Broker is not null;

    /// <param name="opened">Receives where each session runs; may be null.</param>
    public ExecutionSettings ToExecutionSettings(Action<SessionPlacement>? opened = null) => new(Options.Model.Threads)
    {
        Target = Target,
        ProviderLibrary = Options.Model.ProviderLibrary is { } library ? FullPath(library) : null,
        OnSessionOpened = opened,
        UsePrefill = Options.Model.Prefill,
        UseKleidiAi = Options.Model.KleidiAi,
        Processors = ProcessorsAttribute.Parse(Options.Model.Affinity),
    };

    public NodeTopics ToTopics() => new(Options.Mqtt.BaseTopic, Node);

    /// <param name="embeddedBroker">The address at which the embedded broker listens; ignored with another broker.</param>
    /// <exception cref="ArgumentNullException">The broker is embedded and no address is given.</exception>
    public MqttSettings ToMqttSettings(Uri? embeddedBroker)
    {
        var mqtt = Options.Mqtt;
        if (EmbeddedBrokerPort is not null)
        {
            ArgumentNullException.ThrowIfNull(embeddedBroker);
        }

        return new MqttSettings
        {
            Broker = EmbeddedBrokerPort is null ? BrokerAddress.Parse(mqtt.Broker!) : embeddedBroker!,
            ClientId = mqtt.ClientId ?? $"mobilevlm-{Node}",
            User = mqtt.User,
            PasswordFile = mqtt.PasswordFile is { } password ? FullPath(password) : null,
            CaFile = mqtt.CaFile is { } authority ? FullPath(authority) : null,
            KeepAlive = mqtt.KeepAlive,
            Subscriptions = ToSubscriptions(),
            Inbound = new InboundLimits { MaxPayloadBytes = mqtt.Commands.MaxPayloadBytes, MaxWaiting = mqtt.Commands.Burst },
            Will = new OutboundMessage(ToTopics().Availability, Encoding.UTF8.GetBytes("offline"), Retain: true),
        };
    }

    /// <param name="imageSize">Side of the vision encoder's input, in pixels.</param>
    public IReadOnlyList<CameraSettings> ToCameraSettings(int imageSize = OnvifProfileChoice.EncoderHeight) =>
        [.. Options.Cameras.Select(camera => ToCamera(new CameraId(camera.Key), camera.Value, new NeededFrameSize(camera.Value, imageSize)))];

    /// <summary>The settings for a source that is tried out: those of the camera that has it, otherwise the defaults.</summary>
    /// <param name="source">As in the configuration.</param>
    /// <returns>The settings; null for a file, device or pipeline that no camera has.</returns>
    public CameraSettings? ToTestSettings(string source)
    {
        var resolved = CameraSources.Resolve(source, FullPath);
        return ToCameraSettings().FirstOrDefault(camera => camera.Source == resolved)
            ?? (CameraSources.MayBeNamedByClient(source)
                ? ToCamera(new CameraId("test"), new CameraOptions { Source = source }, new NeededFrameSize(new CameraOptions(), OnvifProfileChoice.EncoderHeight))
                : null);
    }

    /// <param name="modelName">The name in the model's manifest.</param>
    /// <param name="running">The model that is open, to which taught questions must belong; null for that in the configured
    /// folder.</param>
    public EdgeSettings ToEdgeSettings(string modelName, ModelManifest? running = null) => new()
    {
        Node = Node,
        ModelName = modelName,
        Target = Target.ToString(),
        Cameras = [.. Options.Cameras.Select(camera => new CameraConfiguration(
            new CameraId(camera.Key),
            [.. camera.Value.Questions.Select(question => Taught.With(camera.Key, QuestionMapping.ToQuestion(question.Key, question.Value), running))],
            camera.Value.Snapshot)
        {
            Gate = ToGate(camera.Value),
            Scene = ToScene(camera.Value),
        })],
        TimeZone = Options.TimeZone is { } zone ? TimeZoneInfo.FindSystemTimeZoneById(zone) : TimeZoneInfo.Local,
        Modes = [.. Options.Modes.Select(mode => new ModeSettings(
            mode.Key, [.. mode.Value.Skip.Select(QuestionPattern.Parse)], [.. mode.Value.MuteEvents.Select(QuestionPattern.Parse)]))],
        InitialMode = Options.InitialMode,
        StateFolder = StateFolder,
        RunsWithoutCameras = Options.Http.Listen is not null || HasCluster,
        ConfigurationDigest = ConfigurationDigest.Of(Options),
        ProgramVersion = ProgramVersion.Text,
        Pipeline = ToPipeline(Options.Pipeline),
        Pace = ToPace(Options.Pace),
        Mqtt = ToDelivery(Options.Mqtt),
        Asks = ToAsks(Options.Mqtt),
        Commands = new CommandSettings
        {
            PerSecond = Options.Mqtt.Commands.PerSecond,
            Burst = Options.Mqtt.Commands.Burst,
        },
        HomeAssistant = ToHomeAssistant(Options.Mqtt.HomeAssistant),
    };

    private static SceneGateSettings? ToGate(CameraOptions camera) => camera.Gate
        ? new SceneGateSettings
        {
            Threshold = camera.GateThreshold,
            Refresh = camera.GateRefresh,
            RefreshMax = camera.GateRefreshMax,
            TokenCosine = camera.GateTokenCosine,
        }
        : null;

    private static SceneSettings ToScene(CameraOptions camera) => new()
    {
        FrozenAfter = camera.FrozenAfter,
        CheckView = camera.ViewCheck,
        ViewSettlesAfter = camera.ViewSettlesAfter,
        SuspendOnViewChange = camera.SuspendOnViewChange,
    };

    private CameraSettings ToCamera(CameraId id, CameraOptions camera, NeededFrameSize needed) => new()
    {
        Id = id,
        Source = CameraSources.Resolve(camera.Source!, FullPath),
        PasswordFile = camera.PasswordFile is { } password ? FullPath(password) : null,
        NeededHeight = needed.Height,
        Loop = camera.Loop,
        Pace = camera.Pace,
        Speed = camera.Speed,
        MaxFrameRate = camera.MaxFrameRate,
        MaxWidth = camera.MaxWidth switch { null => needed.MaxWidth, 0 => null, var width => width },
        RtspTransport = camera.RtspTransport.ToLowerInvariant(),
        OpenTimeout = camera.OpenTimeout,
        StallTimeout = camera.StallTimeout,
        FfmpegPath = ToProgram(Options.Tools.Ffmpeg),
        GstLaunchPath = ToProgram(Options.Tools.GstLaunch),
        RecordsClips = Options.History.Folder is not null && (camera.Clips ?? Options.History.Clips),
    };

    private static PipelineSettings ToPipeline(PipelineOptions pipeline) => new()
    {
        // On one CPU, encoding and decoding would only take cores from each other.
        Overlap = pipeline.Overlap ?? false,
        MaxFrameAge = pipeline.MaxFrameAge,
        RestartBudget = new RestartBudget(pipeline.Restarts, pipeline.RestartWindow),
        StopWithin = pipeline.StopWithin,
        StatsEvery = pipeline.StatsEvery,
    };

    private static PaceSettings ToPace(PaceOptions pace) => new()
    {
        MaxTemperature = pace.MaxTemperature,
        MinFactor = pace.MinFactor,
        QuietHours = pace.QuietHours.Count == 0 ? null : WeeklySchedule.Parse(pace.QuietHours),
        QuietFactor = pace.QuietFactor,
    };

    internal string FullPath(string path) => Path.GetFullPath(path, Folder);

    // A bare name is searched for in PATH.
    private string ToProgram(string program) =>
        program.Contains('/', StringComparison.Ordinal) ? FullPath(program) : program;

    private static string SafeName(string hostName)
    {
        var name = string.Concat(hostName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '-')).Trim('-');
        return name.Length == 0 ? "edge"
            : name.Length <= EdgeOptions.MaxNodeLength ? name
            : name[..EdgeOptions.MaxNodeLength];
    }
}
