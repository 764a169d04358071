using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>What the box did since it started; the body of the topic <c>stats</c>.</summary>
public sealed record EdgeStats
{
    public required string Node { get; init; }

    public required string Model { get; init; }

    public required string Target { get; init; }

    /// <summary>When it was taken; null while the clock of the machine is not set, like all times here.</summary>
    public required DateTimeOffset? At { get; init; }

    /// <summary>Since the start, from a clock that never jumps.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>By camera name.</summary>
    public required IReadOnlyDictionary<string, CameraStats> Cameras { get; init; }

    public required PipelineStats Pipeline { get; init; }

    public required MqttStats Mqtt { get; init; }

    public required AskStats Asks { get; init; }

    public required StorageStats Storage { get; init; }
}

/// <summary>One camera.</summary>
public sealed record CameraStats
{
    public required bool Online { get; init; }

    /// <summary>Frames that came in.</summary>
    public required long Captured { get; init; }

    /// <summary>Frames that were taken once more, for questions about another region.</summary>
    public required long Repeated { get; init; }

    /// <summary>Frames that a newer one replaced before the pipeline had time.</summary>
    public required long Replaced { get; init; }

    /// <summary>Frames at whose time no question was due.</summary>
    public required long Idle { get; init; }

    /// <summary>Frames that were too old when the pipeline had time.</summary>
    public required long Stale { get; init; }

    /// <summary>Frames that were answered.</summary>
    public required long Used { get; init; }

    /// <summary>Frames whose earlier answers were kept, since the scene had not changed.</summary>
    public required long Gated { get; init; }

    /// <summary>Frames that the engine refused, or that were lost when it failed.</summary>
    public required long Failed { get; init; }

    /// <summary>Attempts after the first.</summary>
    public required long CaptureRestarts { get; init; }

    public required DateTimeOffset? LastFrameAt { get; init; }

    /// <summary>Age of the last answered frame when its answers were ready; null before the first.</summary>
    public required TimeSpan? LastAge { get; init; }

    /// <summary>How long a live source has repeated its pictures; null for other sources and before the first frame.</summary>
    public TimeSpan? SameFor { get; init; }

    /// <summary>Connections that were found frozen.</summary>
    public long Frozen { get; init; }

    /// <summary>When the last of them was found; null if none was.</summary>
    public DateTimeOffset? LastFrozenAt { get; init; }

    public ViewState View { get; init; }

    /// <summary>How often the view changed to one that is not normal.</summary>
    public long ViewChanges { get; init; }

    /// <summary>By question name.</summary>
    public required IReadOnlyDictionary<string, QuestionStats> Questions { get; init; }
}

/// <summary>One question of one camera.</summary>
public sealed record QuestionStats(
    long Asked,
    long Answered,
    long Failed,
    DateTimeOffset? LastAskedAt,
    DateTimeOffset? LastAnsweredAt,
    UnknownReason? WaitsFor);

/// <summary>The engine. Ages are of the picture when its answers were ready, in milliseconds.</summary>
public sealed record PipelineStats(long Restarts, long FramesLost, long Answers, double LastAgeMs, double MaxAgeMs);

/// <summary>The broker, and the outbox before it: what waits, how large it is, since when its oldest waits, and what was given
/// up. Commands that were ignored were retained, too many, or made no sense.</summary>
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

/// <summary>Where the data that should survive a restart is kept at this moment.</summary>
/// <param name="Outbox">Events that wait for the broker.</param>
/// <param name="EventsInMemory">Those of them that are not on disk.</param>
/// <param name="OutboxDamaged">How often a damaged outbox was replaced.</param>
/// <param name="State">States of questions, cool-downs and switches.</param>
public sealed record StorageStats(StorageCondition Outbox, long EventsInMemory, long OutboxDamaged, StorageCondition State);
