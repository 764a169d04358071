using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Body of <c>&lt;camera&gt;/&lt;question&gt;/event</c>: a known state became another one. Not retained.</summary>
public sealed record EventPayload
{
    /// <summary>Version of this layout.</summary>
    [JsonPropertyName("v")]
    public int Version { get; init; } = 1;

    /// <summary>Unique id; an event that is delivered again has the same id.</summary>
    public required string Id { get; init; }

    public required string Node { get; init; }

    public required string Camera { get; init; }

    public required string Question { get; init; }

    /// <summary>The question's text as it was asked.</summary>
    public required string Ask { get; init; }

    /// <summary>The value that was known before.</summary>
    public required string From { get; init; }

    public required string To { get; init; }

    /// <summary>Score of the answer that decided: probability of yes, or of the choice, 0..1; null for other kinds.</summary>
    public double? Score { get; init; }

    /// <summary>What <see cref="Score"/> is from, for a question that was taught, as in <see cref="AnswerPayload.ScoredBy"/>; left out for other
    /// questions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ScoredBy { get; init; }

    /// <summary>When the picture that decided was taken; null only with <see cref="Clock"/>.</summary>
    public required DateTimeOffset? At { get; init; }

    /// <summary>When the first picture that showed the new value was taken; null only with <see cref="Clock"/>.</summary>
    public required DateTimeOffset? Since { get; init; }

    /// <summary><c>unset</c> when the clock of the machine was not set then, and when that was is not known either; left
    /// out otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Clock { get; init; }

    /// <summary>Sequence number of the frame that decided.</summary>
    public required long Frame { get; init; }

    /// <summary>The text of the alert.</summary>
    public required string Text { get; init; }

    /// <summary>Changes since the last event that the cool-down kept back.</summary>
    public required int HeldBack { get; init; }

    /// <summary>Events of this question that were given up before this one, because the broker was away for longer than the
    /// outbox holds or the disk was full.</summary>
    public long LostBefore { get; init; }

    /// <summary>Sent late: the broker was away when it happened.</summary>
    public required bool Historical { get; init; }

    public required string Model { get; init; }

    /// <summary>Id of the event in the history (<c>GET /api/v1/events/{historyId}</c>); left out where none is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HistoryId { get; init; }

    /// <summary>Address of the snapshot, which needs no token and is valid for a week; left out without a history or without
    /// <c>Http:PublicUrl</c>, and where no snapshot is stored.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SnapshotUrl { get; init; }

    /// <summary>Address of the clip, which needs no token and is valid for a week. The clip is written some seconds after the event;
    /// until then the address answers 503 with <c>Retry-After</c>. Left out where no clip is recorded, and like
    /// <see cref="SnapshotUrl"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClipUrl { get; init; }
}
