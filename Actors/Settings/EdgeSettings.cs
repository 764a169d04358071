using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>The settings of one service. Values are validated where configuration is read.</summary>
public sealed record EdgeSettings
{
    /// <summary>The file in <see cref="StateFolder"/> that holds states, switches, mode and snoozes.</summary>
    public const string StateFileName = "questions.json";

    /// <summary>The folder of what was taught from labels, in <see cref="StateFolder"/>.</summary>
    public const string TaughtFolderName = "taught";

    /// <summary>Name of the node in topics.</summary>
    public required string Node { get; init; }

    /// <summary>Name of the model, as every answer carries it.</summary>
    public required string ModelName { get; init; }

    /// <summary>The device on which the model runs (<c>cpu</c>, <c>cuda</c>…), as published in the statistics.</summary>
    public required string Target { get; init; }

    public required IReadOnlyList<CameraConfiguration> Cameras { get; init; }

    /// <summary>The service runs without a camera too, for questions about uploaded pictures and texts.</summary>
    public bool RunsWithoutCameras { get; init; }

    /// <summary>The time zone of schedules.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Local;

    /// <summary>Named modes; without any, every question is asked and every event published.</summary>
    public IReadOnlyList<ModeSettings> Modes { get; init; } = [];

    /// <summary>The mode before anybody chose one; null for the first of <see cref="Modes"/>.</summary>
    public string? InitialMode { get; init; }

    /// <summary>The folder for state that survives a restart; null keeps nothing.</summary>
    public string? StateFolder { get; init; }

    /// <summary>The cluster that this service belongs to; null without one.</summary>
    public ClusterSettings? Cluster { get; init; }

    /// <summary>The first digits of the configuration's digest, for the statistics; null where none is known.</summary>
    public string? ConfigurationDigest { get; init; }

    /// <summary>Version of the program, for the statistics; null where none is known.</summary>
    public string? ProgramVersion { get; init; }

    /// <summary>What is known of the model where other hosts have it; null where this host has one.</summary>
    internal RemoteEngine? Remote { get; init; }

    /// <summary>Name of the model that answers at this moment.</summary>
    internal string ModelInUse => Remote?.ModelName ?? ModelName;

    public PipelineSettings Pipeline { get; init; } = new();

    public PaceSettings Pace { get; init; } = new();

    public SupervisionSettings Supervision { get; init; } = new();

    public DeliverySettings Mqtt { get; init; } = new();

    public AdHocSettings Asks { get; init; } = new();

    public CommandSettings Commands { get; init; } = new();

    public HomeAssistantSettings HomeAssistant { get; init; } = new();

    public ReconnectSettings CameraReconnect { get; init; } = new();

    public ReconnectSettings BrokerReconnect { get; init; } = new();
}

/// <summary>One camera and what is asked about it.</summary>
/// <param name="Id">The camera.</param>
/// <param name="Questions">Asked again and again; a camera without questions is captured, and its frames count as
/// idle.</param>
/// <param name="Snapshot">Publishes a snapshot of each answered frame.</param>
public sealed record CameraConfiguration(CameraId Id, EquatableList<StandingQuestion> Questions, bool Snapshot)
{
    /// <summary>Settings of the scene gate, which reuses earlier answers; null never reuses answers.</summary>
    public SceneGateSettings? Gate { get; init; }

    /// <summary>Checks of its frames besides its questions.</summary>
    public SceneSettings Scene { get; init; } = new();
}

/// <summary>Concurrency, freshness and restart limits of the pipeline.</summary>
public sealed record PipelineSettings
{
    /// <summary>True: the next frame is encoded while the last one is answered (two devices, or spare cores). False: the stages take
    /// turns on one thread.</summary>
    public bool Overlap { get; init; }

    /// <summary>A frame older than this is not worth an answer.</summary>
    public TimeSpan MaxFrameAge { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the engine may fail before the process must exit.</summary>
    public RestartBudget RestartBudget { get; init; } = new(5, TimeSpan.FromMinutes(10));

    /// <summary>Longest stop. An answer in progress has the first half to finish, then it is cancelled.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Interval of the published statistics.</summary>
    public TimeSpan StatsEvery { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>How many restarts are allowed within how long.</summary>
/// <param name="Restarts">0 or more; 0 fails at the first fault.</param>
/// <param name="Within">Sliding window.</param>
public sealed record RestartBudget(int Restarts, TimeSpan Within);

/// <summary>Reconnect: waits that double between two limits, without end.</summary>
public sealed record ReconnectSettings
{
    /// <summary>Wait before the first retry.</summary>
    public TimeSpan Min { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait.</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Random share of a wait, 0..1, so that many services do not reconnect at once.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>A connection that held this long starts again from <see cref="Min"/>.</summary>
    public TimeSpan GoodRun { get; init; } = TimeSpan.FromSeconds(10);
}
