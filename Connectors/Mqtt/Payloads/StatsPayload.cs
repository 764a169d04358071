using System.Text.Json.Serialization;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Body of <c>stats</c>. Counters start at 0 with the process and only grow. The parts are counted in place, behind a
/// lock of the counting side; what is published is a copy.</summary>
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

    /// <summary>The device on which the model runs, as its sessions report: <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>; before they are open, the
    /// configured target.</summary>
    public required string Target { get; init; }

    /// <summary>Devices by part of the model: <c>vision</c>, <c>decoder</c>, <c>prefill</c>. Empty before they are open.</summary>
    public IReadOnlyDictionary<string, SessionStats> Sessions { get; init; } = new Dictionary<string, SessionStats>();

    /// <summary>Memory of the process that is in RAM, in bytes.</summary>
    [Gauge("mobilevlm.memory.resident", "Memory of the process in RAM.", Unit = "By")]
    public required long ResidentBytes { get; init; }

    /// <summary>Counters by camera id.</summary>
    public required IReadOnlyDictionary<string, CameraStats> Cameras { get; init; }

    public required PipelineStats Pipeline { get; init; }

    public required MqttStats Mqtt { get; init; }

    public required AskStats Asks { get; init; }

    /// <summary>Absent in what version 0.1.0 published.</summary>
    public StorageStats Storage { get; init; } = new();

    /// <summary>The history; left out where none is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HistoryCounts? History { get; init; }

    /// <summary>Counters by name of the webhook; left out where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, WebhookStats>? Webhooks { get; init; }

    /// <summary>The other hosts of the cluster; left out where none is configured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClusterStats? Cluster { get; init; }

    /// <summary>How much the engine may work; left out where neither a temperature nor quiet hours are configured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PaceStats? Pace { get; init; }

    /// <summary>Version of the program; absent in what version 0.1.0 published.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Program { get; init; }

    /// <summary>First 16 hexadecimal digits of the SHA-256 of the configuration in use, without its secrets: hosts with the same digits are configured the same. Absent in
    /// what version 0.1.0 published.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Configuration { get; init; }
}

/// <summary>The device on which one part of the model runs.</summary>
/// <param name="Provider">ONNX Runtime's execution provider, read back from the session.</param>
/// <param name="Nodes">Nodes of the graph.</param>
/// <param name="NodesOnCpu">Nodes that the CPU computes although a GPU was configured.</param>
/// <param name="Reason">Why <c>auto</c> took the CPU; null otherwise.</param>
public sealed record SessionStats(string Provider, int Nodes, int NodesOnCpu, string? Reason)
{
    /// <summary>The kernel that multiplies 8-bit rows: <c>u8 x s8, AVX-512 VNNI</c>; null where the graph has none.</summary>
    public string? Int8Kernel { get; init; }

    /// <summary>Why that kernel is a slow one on this processor, and what to do; null where it is not.</summary>
    public string? Int8Advice { get; init; }
}

/// <summary>One camera. Captured + repeated = replaced + idle + stale + used + gated + failed + the few that are in
/// progress.</summary>
public sealed record CameraStats
{
    [Gauge("mobilevlm.camera.online", "1 while frames come in.")]
    public bool Online { get; set; }

    [Counter("mobilevlm.frames.captured", "Frames received from the camera.")]
    public long FramesCaptured { get; set; }

    /// <summary>Frames that were processed once more, for questions about another region.</summary>
    [Counter("mobilevlm.frames.repeated", "Additional encoder runs for questions about another region.")]
    public long FramesRepeated { get; set; }

    /// <summary>Frames that were dropped because a newer one came before the pipeline took them.</summary>
    [Counter("mobilevlm.frames.replaced", "Frames replaced by a newer one before the pipeline used them.")]
    public long FramesReplaced { get; set; }

    /// <summary>Frames that were dropped because no question was due.</summary>
    [Counter("mobilevlm.frames.idle", "Frames dropped because no question was due.")]
    public long FramesIdle { get; set; }

    /// <summary>Frames that were dropped because they were too old.</summary>
    [Counter("mobilevlm.frames.stale", "Frames dropped because they were too old.")]
    public long FramesStale { get; set; }

    [Counter("mobilevlm.frames.used", "Frames that were answered.")]
    public long FramesUsed { get; set; }

    /// <summary>Frames that were not asked about, because the scene was the same as that of an earlier answer.</summary>
    [Counter("mobilevlm.frames.gated", "Frames for which an earlier answer about the same scene was reused.")]
    public long FramesGated { get; set; }

    /// <summary>Frames that the model refused, or that were lost when it failed.</summary>
    [Counter("mobilevlm.frames.failed", "Frames lost to an error.")]
    public long FramesFailed { get; set; }

    [Counter("mobilevlm.camera.restarts", "Capture attempts after the first.")]
    public long CaptureRestarts { get; set; }

    public DateTimeOffset? LastFrameAt { get; init; }

    /// <summary>Age of the camera's last answered frame when its answers were ready, in milliseconds; null before the
    /// first.</summary>
    public double? LastAgeMs { get; set; }

    /// <summary>Whole seconds for which a live source has repeated its frames; null for other sources and before the first
    /// frame.</summary>
    [Gauge("mobilevlm.camera.same_frame", "How long a live source has repeated its pictures.", Unit = "s")]
    public long? SameFrameS { get; set; }

    /// <summary>Connections that repeated one frame while a new connection showed another.</summary>
    [Counter("mobilevlm.camera.frozen", "Connections that repeated one picture while a new connection showed another.")]
    public long FrozenConnections { get; set; }

    /// <summary>When the last of them was found; null if none was.</summary>
    public DateTimeOffset? LastFrozenAt { get; init; }

    /// <summary>The word that the topic <c>view</c> carries.</summary>
    public string View { get; set; } = "unknown";

    /// <summary>How often the view changed to one that is not normal.</summary>
    [Counter("mobilevlm.camera.view.changes", "How often the view stopped being normal.")]
    public long ViewChanges { get; set; }

    /// <summary>Counters by question id.</summary>
    public IReadOnlyDictionary<string, QuestionStats> Questions { get; init; } = new Dictionary<string, QuestionStats>();
}

/// <summary>One question of one camera.</summary>
public sealed record QuestionStats
{
    /// <summary>How often the model was asked.</summary>
    [Counter("mobilevlm.question.asked", "How often the model was asked the question.")]
    public long Asked { get; set; }

    /// <summary>How often it answered.</summary>
    [Counter("mobilevlm.question.answered", "How often the model answered the question.")]
    public long Answered { get; set; }

    /// <summary>How often it failed.</summary>
    [Counter("mobilevlm.question.failed", "How often the model failed at the question.")]
    public long Failed { get; set; }

    /// <summary>Null before the first time.</summary>
    public DateTimeOffset? LastAskedAt { get; init; }

    /// <summary>Null before the first time.</summary>
    public DateTimeOffset? LastAnsweredAt { get; init; }

    /// <summary>Why it has no answer, in the words of <see cref="AnswerPayload.Reason"/>; null while it is answered as it
    /// should be.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Current refresh interval of the scene gate in whole seconds, rounded up: an answer about an unchanged scene is asked again
    /// when it is older. Null without a gate and before the first answer.</summary>
    public long? GateRefreshS { get; init; }

    /// <summary>Why what was taught is not used and the model's own score counts; left out where it is used, and for questions that were not
    /// taught.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TaughtProblem { get; init; }

    /// <summary>Whether the pictures are like those from which the question was taught; left out for questions that were not taught.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TaughtDriftStats? TaughtDrift { get; init; }
}

/// <summary>The steps that all cameras share.</summary>
public sealed record PipelineStats
{
    /// <summary>How often the model's sessions were replaced after a failure.</summary>
    [Counter("mobilevlm.engine.restarts", "How often the engine was replaced after a failure.")]
    public long Restarts { get; set; }

    /// <summary>Answers to all questions.</summary>
    [Counter("mobilevlm.answers", "Answers given.")]
    public long Answers { get; set; }

    /// <summary>Age of the frame at the last answer, in milliseconds; null before the first.</summary>
    public double? LastAgeMs { get; set; }

    /// <summary>The largest such age.</summary>
    public double? MaxAgeMs { get; set; }
}

/// <summary>The connection to the broker, and the events that wait for it.</summary>
public sealed record MqttStats
{
    /// <summary>False where no broker is configured; left out where one is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Configured { get; init; }

    [Gauge("mobilevlm.mqtt.connected", "1 while the broker is there.")]
    public bool Connected { get; set; }

    /// <summary>Messages that the broker acknowledged.</summary>
    [Counter("mobilevlm.mqtt.published", "Messages that the broker acknowledged.")]
    public long Published { get; set; }

    /// <summary>Messages that the broker refused or did not acknowledge.</summary>
    [Counter("mobilevlm.mqtt.failed", "Messages that the broker refused or did not acknowledge.")]
    public long Failed { get; set; }

    [Counter("mobilevlm.mqtt.reconnects", "Connections after the first.")]
    public long Reconnects { get; set; }

    /// <summary>Events that are still to be sent.</summary>
    [Gauge("mobilevlm.outbox.events", "Events that wait for the broker.")]
    public long EventsWaiting { get; set; }

    /// <summary>Their size in bytes: payloads, topics and ids.</summary>
    [Gauge("mobilevlm.outbox.size", "Size of the events that wait.", Unit = "By")]
    public long EventsWaitingBytes { get; set; }

    /// <summary>When the oldest of them was stored; null when none waits.</summary>
    public DateTimeOffset? EventsWaitingSince { get; set; }

    /// <summary>Events that were given up, because too many waited or because of their age.</summary>
    [Counter("mobilevlm.outbox.dropped", "Events dropped because the outbox was full or they were too old.")]
    public long EventsDropped { get; set; }

    /// <summary>Commands that were retained, too many, or made no sense.</summary>
    public long CommandsIgnored { get; set; }
}

/// <summary>Ad-hoc questions. Received = answered + busy + expired + refused + failed + those in progress.</summary>
public sealed record AskStats
{
    public long Received { get; set; }

    public long Answered { get; set; }

    public long Busy { get; set; }

    public long Expired { get; set; }

    public long Refused { get; set; }

    public long Failed { get; set; }
}

/// <summary>The place in which data that should survive a restart is kept now: <c>disk</c>; <c>memory</c> while the disk
/// cannot be used; <c>hanging</c> while the disk does not answer; <c>off</c> where no folder is configured.</summary>
public sealed record StorageStats
{
    public const string Disk = "disk";
    public const string Memory = "memory";
    public const string Hanging = "hanging";
    public const string Off = "off";
    public const string Paused = "paused";

    /// <summary>The place of the events that wait for the broker.</summary>
    public string Outbox { get; init; } = Off;

    /// <summary>The error of the outbox's disk; null while there is none.</summary>
    public string? OutboxReason { get; init; }

    /// <summary>Waiting events that are not on disk: they are lost when the process ends.</summary>
    [Gauge("mobilevlm.outbox.memory", "Events that wait and that no disk has.")]
    public long EventsInMemory { get; init; }

    /// <summary>How often a damaged outbox was replaced.</summary>
    public long OutboxDamaged { get; init; }

    /// <summary>The place of the states of questions, cool-downs and switches.</summary>
    public string State { get; init; } = Off;

    /// <summary>The error of the disk of the states; null while there is none.</summary>
    public string? StateReason { get; init; }

    /// <summary>The word for a place.</summary>
    public static string TextOf(StorageKind kind) => kind switch
    {
        StorageKind.Off => Off,
        StorageKind.Disk => Disk,
        StorageKind.Memory => Memory,
        StorageKind.Hanging => Hanging,
        StorageKind.Paused => Paused,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This storage has no word."),
    };
}
