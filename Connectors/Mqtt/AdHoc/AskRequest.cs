using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>An ad-hoc question. Checked, except for whether the camera exists.</summary>
public sealed record AskRequest
{
    /// <summary>The client's own id of the request; comes back with the answer.</summary>
    public string? Id { get; init; }

    /// <summary>Null when it is about <see cref="Picture"/>.</summary>
    public string? Camera { get; init; }

    /// <summary>The question, as one would ask a person.</summary>
    public required string Question { get; init; }

    /// <summary>One of <see cref="AskParser.Types"/>; text when the request has none.</summary>
    public AnswerType Type { get; init; }

    /// <summary>The choices: at least two different ones for <see cref="AnswerType.Choice"/>, else none.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Most tokens of a written answer.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Longest useful wait for the answer.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>The picture to ask about instead of a camera's frame: JPEG, PNG, WebP, BMP or GIF; null for none.</summary>
    public ReadOnlyMemory<byte>? Picture { get; init; }
}

/// <summary>The limits of requests.</summary>
public sealed record AskLimits
{
    /// <summary>Longest question, in bytes of UTF-8. No text has more tokens than bytes, so this keeps a question from
    /// overflowing the model's context.</summary>
    public int MaxQuestionBytes { get; init; } = 512;

    /// <summary>Most choices.</summary>
    public int MaxChoices { get; init; } = 16;

    /// <summary>Longest choice, in bytes of UTF-8.</summary>
    public int MaxChoiceBytes { get; init; } = 64;

    /// <summary>Most tokens of a written answer; the default of requests that have no limit.</summary>
    public int MaxTokens { get; init; } = 64;

    /// <summary>The deadline of requests that have none.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest deadline that a request may set.</summary>
    public TimeSpan MaxDeadline { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Why a request is refused.</summary>
/// <param name="Field">The member of the request that is wrong; null when it is all of it.</param>
/// <param name="Message">What is wrong and what would be accepted, as a sentence for the client.</param>
public sealed record AskError(string? Field, string Message);
