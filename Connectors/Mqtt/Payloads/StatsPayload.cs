using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Body of <c>stats</c>. Counters start at 0 with the process and only grow.</summary>
public sealed record StatsPayload
{
    /// <summary>Version of this layout.</summary>
    [JsonPropertyName("v")]
    public int Version { get; init; } = 1;

    public required string Node { get; init; }

    /// <summary>When these numbers were taken; null while <see cref="Clock"/> is <c>unset</c>, like all times
    /// here.</summary>
    public required DateTimeOffset? At { get; init; }

    /// <summary><c>set</c>, or <c>unset</c> while the clock of the machine shows a time that cannot be right.</summary>
    public string Clock { get; init; } = ClockText.Set;

    /// <summary>Whole seconds since the process started.</summary>
    public required long UptimeS { get; init; }

    /// <summary>Name of the model that answers.</summary>
    public required string Model { get; init; }

    /// <summary>Where it runs, as its sessions say: <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>; before they are open, what was
    /// asked for.</summary>
    public required string Target { get; init; }

    /// <summary>By the part of the model: <c>vision</c>, <c>decoder</c>, <c>prefill</c>. Empty before they are open.</summary>
    public IReadOnlyDictionary<string, SessionStats> Sessions { get; init; } = new Dictionary<string, SessionStats>();

    /// <summary>Memory of the process that is in RAM, in bytes.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>By camera id.</summary>
    public required IReadOnlyDictionary<string, CameraStats> Cameras { get; init; }

    public required PipelineStats Pipeline { get; init; }

    public required MqttStats Mqtt { get; init; }

    public required AskStats Asks { get; init; }

    /// <summary>Absent in what version 0.1.0 published.</summary>
    public StorageStats Storage { get; init; } = new(StorageStats.Off, null, 0, 0, StorageStats.Off, null);
}

/// <summary>Where one part of the model runs.</summary>
/// <param name="Provider">ONNX Runtime's execution provider, read back from the session.</param>
/// <param name="Nodes">Of the graph.</param>
/// <param name="NodesOnCpu">Of them, those that the processor computes although a GPU was asked for.</param>
/// <param name="Reason">Why <c>auto</c> took the processor; null otherwise.</param>
public sealed record SessionStats(string Provider, int Nodes, int NodesOnCpu, string? Reason);

/// <summary>One camera. Captured + repeated = replaced + idle + stale + used + gated + failed + the few that are under way.</summary>
public sealed record CameraStats
{
    public required bool Online { get; init; }

    public required long FramesCaptured { get; init; }

    /// <summary>Taken once more, for questions that look at another region of the picture.</summary>
    public required long FramesRepeated { get; init; }

    /// <summary>Dropped since a newer one came before it was looked at.</summary>
    public required long FramesReplaced { get; init; }

    /// <summary>Dropped since no question was due.</summary>
    public required long FramesIdle { get; init; }

    /// <summary>Dropped since they were too old.</summary>
    public required long FramesStale { get; init; }

    public required long FramesUsed { get; init; }

    /// <summary>Not asked about, since the scene was the same as that of an earlier answer.</summary>
    public required long FramesGated { get; init; }

    /// <summary>Lost to an error.</summary>
    public required long FramesFailed { get; init; }

    public required long CaptureRestarts { get; init; }

    public required DateTimeOffset? LastFrameAt { get; init; }

    /// <summary>Age of the camera's last answered frame when its answers were ready, in milliseconds; null before the
    /// first.</summary>
    public double? LastAgeMs { get; init; }

    /// <summary>Whole seconds for which a live source has repeated its pictures; null for other sources and before the first
    /// frame.</summary>
    public long? SameFrameS { get; init; }

    /// <summary>Connections that repeated one picture while a new connection showed another.</summary>
    public long FrozenConnections { get; init; }

    /// <summary>When the last of them was found; null if none was.</summary>
    public DateTimeOffset? LastFrozenAt { get; init; }

    /// <summary>As the topic <c>view</c> says it.</summary>
    public string View { get; init; } = "unknown";

    /// <summary>How often the view changed to one that is not normal.</summary>
    public long ViewChanges { get; init; }

    /// <summary>By question id.</summary>
    public required IReadOnlyDictionary<string, QuestionStats> Questions { get; init; }
}

/// <summary>One question of one camera.</summary>
/// <param name="Asked">Times that the model was asked.</param>
/// <param name="Answered">Times that it answered.</param>
/// <param name="Failed">Times that it failed.</param>
/// <param name="LastAskedAt">Null before the first.</param>
/// <param name="LastAnsweredAt">Null before the first.</param>
/// <param name="WaitsFor">Why it has no answer, in the words of <see cref="AnswerPayload.Reason"/>; null while it is
/// answered as it should be.</param>
public sealed record QuestionStats(
    long Asked, long Answered, long Failed, DateTimeOffset? LastAskedAt, DateTimeOffset? LastAnsweredAt, string? WaitsFor);

/// <summary>The stages that all cameras share.</summary>
/// <param name="Restarts">Times that a stage was replaced after a failure.</param>
/// <param name="Answers">Answers to all questions.</param>
/// <param name="LastAgeMs">Age of the picture at the last answer, in milliseconds; null before the first.</param>
/// <param name="MaxAgeMs">The largest such age.</param>
public sealed record PipelineStats(long Restarts, long Answers, double? LastAgeMs, double? MaxAgeMs);

/// <summary>The broker's side.</summary>
/// <param name="Connected">At this moment.</param>
/// <param name="Published">Messages that the broker took.</param>
/// <param name="Failed">Messages that it did not.</param>
/// <param name="Reconnects">Connections after the first.</param>
/// <param name="EventsWaiting">Events that are still to be sent.</param>
/// <param name="EventsWaitingBytes">Their size: payloads, topics and ids.</param>
/// <param name="EventsWaitingSince">When the oldest of them was stored; null when none waits.</param>
/// <param name="EventsDropped">Events that were given up, since too many waited or for their age.</param>
/// <param name="CommandsIgnored">Commands that were retained, too many, or made no sense.</param>
public sealed record MqttStats(
    bool Connected,
    long Published,
    long Failed,
    long Reconnects,
    long EventsWaiting,
    long EventsWaitingBytes,
    DateTimeOffset? EventsWaitingSince,
    long EventsDropped,
    long CommandsIgnored);

/// <summary>Questions that were asked once. Received = answered + busy + expired + refused + failed + those under
/// way.</summary>
public sealed record AskStats(long Received, long Answered, long Busy, long Expired, long Refused, long Failed);

/// <summary>Where the data that should survive a restart is kept at this moment: <c>disk</c>; <c>memory</c> while the disk
/// cannot be used; <c>hanging</c> while the disk does not answer; <c>off</c> where no folder is configured.</summary>
/// <param name="Outbox">Events that wait for the broker.</param>
/// <param name="OutboxReason">What is wrong with its disk; null while nothing is.</param>
/// <param name="EventsInMemory">Waiting events that are not on disk: they are lost when the process ends.</param>
/// <param name="OutboxDamaged">How often a damaged outbox was replaced.</param>
/// <param name="State">States of questions, cool-downs and switches.</param>
/// <param name="StateReason">What is wrong with its disk; null while nothing is.</param>
public sealed record StorageStats(
    string Outbox, string? OutboxReason, long EventsInMemory, long OutboxDamaged, string State, string? StateReason)
{
    public const string Disk = "disk";
    public const string Memory = "memory";
    public const string Hanging = "hanging";
    public const string Off = "off";
}
