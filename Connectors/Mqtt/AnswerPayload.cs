using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Mqtt;

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

    /// <summary><c>yes</c>, <c>no</c>, <c>unknown</c>, or the text.</summary>
    public required string Value { get; init; }

    /// <summary>What the model wrote, in full.</summary>
    public required string Text { get; init; }

    /// <summary>Probability of yes, 0..1; null for text.</summary>
    public double? Score { get; init; }

    /// <summary>Sequence number of the frame; the snapshot of the same number is this picture.</summary>
    public required long Frame { get; init; }

    public required DateTimeOffset CapturedAt { get; init; }

    public required DateTimeOffset AnsweredAt { get; init; }

    /// <summary>Age of the picture when the answer was ready, in milliseconds, from a clock that never jumps.</summary>
    public required double AgeMs { get; init; }

    public required StageTimings Timings { get; init; }

    /// <summary>Name of the model that answered.</summary>
    public required string Model { get; init; }

    /// <summary>The scene is the same as that of an earlier answer, which therefore stands: nothing was computed, and
    /// <c>frame</c>, <c>capturedAt</c> and <c>ageMs</c> are of the picture for which it was found to stand. The snapshot
    /// stays the picture that was asked about.</summary>
    public bool Reused { get; init; }

    /// <summary>Counts the answers of this question since the process started, from 1.</summary>
    public required long Seq { get; init; }
}

/// <summary>Milliseconds in each stage. Encode and the picture's prefill are shared by all questions of one frame.</summary>
public sealed record StageTimings(double EncodeMs, double PrefillMs, double DecodeMs);
