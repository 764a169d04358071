using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors;

/// <summary>What one box does. Values are validated where configuration is read.</summary>
public sealed record EdgeSettings
{
    /// <summary>Name of this box, as it stands in topics.</summary>
    public required string Node { get; init; }

    /// <summary>Name of the model, as every answer carries it.</summary>
    public required string ModelName { get; init; }

    /// <summary>Where the model runs (<c>cpu</c>, <c>cuda</c>…), as the statistics say it.</summary>
    public required string Target { get; init; }

    public required IReadOnlyList<CameraPlan> Cameras { get; init; }

    /// <summary>Whose clock schedules mean.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Local;

    /// <summary>Where what must survive a restart is kept; null keeps nothing.</summary>
    public string? StateFolder { get; init; }

    public PipelineSettings Pipeline { get; init; } = new();

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
/// <param name="Snapshot">Publish the still of each frame that was answered.</param>
public sealed record CameraPlan(CameraId Id, EquatableList<StandingQuestion> Questions, bool Snapshot)
{
    /// <summary>When an answer is kept instead of asked again; null asks about every picture.</summary>
    public SceneGateSettings? Gate { get; init; }

    /// <summary>What is checked in its frames besides its questions.</summary>
    public SceneSettings Scene { get; init; } = new();
}

/// <summary>When, how many, and what after a failure.</summary>
public sealed record PipelineSettings
{
    /// <summary>True: the next frame is looked at while the last one is thought about (two devices, or cores to
    /// spare). False: the stages take turns on one thread.</summary>
    public bool Overlap { get; init; }

    /// <summary>A picture older than this is not worth an answer.</summary>
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

/// <summary>How something that is gone is tried again: doubling waits between two limits, for ever.</summary>
public sealed record ReconnectSettings
{
    /// <summary>Wait before the first retry.</summary>
    public TimeSpan Min { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait.</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Share of a wait that is left to chance, 0..1, so that many boxes do not knock in step.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>A connection that held this long starts again from <see cref="Min"/>.</summary>
    public TimeSpan GoodRun { get; init; } = TimeSpan.FromSeconds(10);
}
