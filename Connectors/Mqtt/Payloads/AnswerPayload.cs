using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Body of <c>&lt;camera&gt;/&lt;question&gt;/answer</c>.</summary>
public sealed record AnswerPayload
{
    /// <summary>Version of this layout.</summary>
    [JsonPropertyName("v")]
    public int Version { get; init; } = 1;

    public required string Node { get; init; }

    public required string Camera { get; init; }

    public required string Question { get; init; }

    /// <summary>The question's text as it was asked.</summary>
    public required string Ask { get; init; }

    /// <summary>The answer about this very frame: <c>yes</c>, <c>no</c>, a choice, a number, the text, an object as JSON;
    /// <c>unknown</c> when it is not clear or when there was no frame.</summary>
    public required string Value { get; init; }

    /// <summary>The model's text, in full.</summary>
    public required string Text { get; init; }

    /// <summary>Probability of yes, or of the most likely choice, 0..1; null for other kinds.</summary>
    public double? Score { get; init; }

    /// <summary>Probability mass on yes and no, or on the choices, before <see cref="Score"/> is scaled to them, 0..1; left out for other
    /// kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Mass { get; init; }

    /// <summary>Where <see cref="Score"/> is from, for a question that was taught: <c>model</c> for the model's own score, <c>threshold</c> for that
    /// with a learned threshold, <c>head</c> for a learned head on what the decoder computed, <c>encoder</c> for one on the picture's encoding alone. Left out
    /// for other questions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ScoredBy { get; init; }

    /// <summary>Sequence number of the last frame that was answered; the snapshot of the same number is this picture.
    /// Null, as the rest of what is about a picture, before the first.</summary>
    public required long? Frame { get; init; }

    public required DateTimeOffset? CapturedAt { get; init; }

    public required DateTimeOffset? AnsweredAt { get; init; }

    /// <summary><c>unset</c> while the clock of the machine is not set and times are null for that reason; left out
    /// otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Clock { get; init; }

    /// <summary>Age of the picture when the answer was ready, in milliseconds, from a clock that never jumps.</summary>
    public required double? AgeMs { get; init; }

    public required StageTimings? Timings { get; init; }

    /// <summary>Name of the model that answered.</summary>
    public required string Model { get; init; }

    /// <summary>The host of the cluster that computed the answer, as its <c>Cluster:Listen</c> names it; of a reused answer the host that
    /// computed that one. Left out without a cluster and before the first answer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }

    /// <summary>The scene is the same as that of an earlier answer, which therefore holds: nothing was computed, and
    /// <c>frame</c>, <c>capturedAt</c> and <c>ageMs</c> are of the picture for which the earlier answer was found to hold. The snapshot
    /// stays the picture that was asked about.</summary>
    public bool Reused { get; init; }

    /// <summary>Whole seconds for which the live source had repeated its frames when this one came, once that is
    /// <c>FrozenAfter</c> or more; left out before. The frame may then be that much older than <see cref="AgeMs"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SameFrameS { get; init; }

    /// <summary>Counts the answers of this question since the process started, from 1; 0 before the first. A message
    /// that repeats one means that the state changed without an answer: time passed.</summary>
    public required long Seq { get; init; }

    /// <summary>Probability of each choice, by its name; only for choices.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Scores { get; init; }

    /// <summary>The number, also one that is out of its bounds; only for numbers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Number { get; init; }

    /// <summary>What the number counts or measures.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Unit { get; init; }

    /// <summary>The object, a field without a clear answer being null; only for JSON.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? Fields { get; init; }

    /// <summary>The state after the rules, the same as the topic <c>state</c> has (there it may be cut).</summary>
    public required string State { get; init; }

    /// <summary>When the first picture that showed the state was taken, or when it became unknown; null before anything
    /// was known.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Why the state is unknown: <c>uncertain</c>, <c>notYesNo</c>, <c>notAChoice</c>, <c>notANumber</c>, <c>outOfBounds</c>, <c>noText</c>,
    /// <c>disabled</c>, <c>outsideSchedule</c>, <c>viewNotNormal</c>, <c>whenFalse</c>, <c>noPicture</c>, <c>modelFailed</c>, <c>busy</c>,
    /// <c>tooLong</c>, <c>notFinite</c>, <c>emptyRegion</c>,
    /// <c>notYet</c>; left out while it is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The last state that was known; left out if none ever was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LastKnown { get; init; }

    /// <summary>When the last frame with that answer was captured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? LastKnownAt { get; init; }
}

/// <summary>Milliseconds in each stage. Questions about one frame that are asked together report the same encode and prefill time; prefill is the pass of the picture and these questions through the decoder.</summary>
public sealed record StageTimings(double EncodeMs, double PrefillMs, double DecodeMs);
