using System.Text.Json.Serialization;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>Body of the answer to an ad-hoc question. Members that do not apply are left out.</summary>
public sealed record ReplyPayload
{
    /// <summary>There is an answer.</summary>
    public const string Answered = "answered";

    /// <summary>Too many questions wait; ask again after <see cref="RetryAfterMs"/>.</summary>
    public const string Busy = "busy";

    /// <summary>The deadline passed before an answer was there.</summary>
    public const string Expired = "expired";

    /// <summary>The request is wrong; <see cref="Error"/> names what.</summary>
    public const string Invalid = "invalid";

    /// <summary>This device could not answer; <see cref="Error"/> explains why.</summary>
    public const string Failed = "failed";

    /// <summary>Version of this layout.</summary>
    [JsonPropertyName("v")]
    public int Version { get; init; } = 1;

    /// <summary>One of the words above.</summary>
    public required string Status { get; init; }

    public required string Node { get; init; }

    /// <summary>The question as the request had it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    /// <summary>Left out when the request brought its picture.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Camera { get; init; }

    /// <summary>The question's text as it was asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Ask { get; init; }

    /// <summary><c>yes</c>, <c>no</c>, a choice, the text, or <c>unknown</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Value { get; init; }

    /// <summary>Why the value is unknown: <c>notYesNo</c>, <c>notAChoice</c> or <c>noText</c>; left out while it is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The model's text, in full.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    /// <summary>Probability of yes, or of the most likely choice, 0..1; left out for text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Score { get; init; }

    /// <summary>Same as <see cref="AnswerPayload.Mass"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Mass { get; init; }

    /// <summary>Probability of each choice.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Scores { get; init; }

    /// <summary>Sequence number of the frame; left out when the request brought its picture.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Frame { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? CapturedAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary><c>unset</c> while the clock of the machine is not set and times are left out for that reason; left out
    /// otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Clock { get; init; }

    /// <summary>Age of the picture when the answer was ready, in milliseconds; left out when the request brought it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AgeMs { get; init; }

    /// <summary>Same as <see cref="AnswerPayload.SameFrameS"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SameFrameS { get; init; }

    /// <summary>Time from the request's arrival to this reply, in milliseconds.</summary>
    public required double WaitedMs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StageTimings? Timings { get; init; }

    /// <summary>Name of the model that answered.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>Same as <see cref="AnswerPayload.Host"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }

    /// <summary>When busy: milliseconds after which there may be a free place again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? RetryAfterMs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReplyError? Error { get; init; }
}

/// <summary>Why there is no answer.</summary>
/// <param name="Field">The member of the request that is wrong; left out when it is none in particular.</param>
/// <param name="Message">An explanation for a person.</param>
public sealed record ReplyError(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Field, string Message);
