using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>A question that somebody asks once, checked but for whether the camera exists.</summary>
public sealed record AskRequest
{
    /// <summary>The asker's own name for it; comes back with the answer.</summary>
    public string? Id { get; init; }

    /// <summary>Null when it is about <see cref="Picture"/>.</summary>
    public string? Camera { get; init; }

    /// <summary>As a person would be asked.</summary>
    public required string Question { get; init; }

    /// <summary>One of <see cref="AskParser.Types"/>; text unless the request says otherwise.</summary>
    public AnswerType Type { get; init; }

    /// <summary>At least two different ones for <see cref="AnswerType.Choice"/>, else none.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Most tokens of a written answer.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Longest useful wait for the answer.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>JPEG, PNG, WebP, BMP or GIF, to be looked at instead of a camera; null for none.</summary>
    public ReadOnlyMemory<byte>? Picture { get; init; }
}

/// <summary>What somebody who asks may want.</summary>
public sealed record AskLimits
{
    /// <summary>Longest question, in bytes of UTF-8. No text has more tokens than bytes, so this keeps a question from
    /// overflowing the model's context.</summary>
    public int MaxQuestionBytes { get; init; } = 512;

    /// <summary>Most choices.</summary>
    public int MaxChoices { get; init; } = 16;

    /// <summary>Longest choice, in bytes of UTF-8.</summary>
    public int MaxChoiceBytes { get; init; } = 64;

    /// <summary>Most tokens of a written answer, and what holds when a request says nothing.</summary>
    public int MaxTokens { get; init; } = 64;

    /// <summary>What holds when a request says nothing.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest deadline that a request may set.</summary>
    public TimeSpan MaxDeadline { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Why a request is refused.</summary>
/// <param name="Field">The member of the request that is wrong; null when it is all of it.</param>
/// <param name="Message">What is wrong and what would be accepted, as a sentence for whoever asked.</param>
public sealed record AskError(string? Field, string Message);
