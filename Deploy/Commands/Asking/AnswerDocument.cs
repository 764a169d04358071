using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary>The document that <c>ask --json</c> prints.</summary>
internal sealed record AskDocument(string Model, string Image, int VisualTokens, IReadOnlyList<AnswerDocument> Answers);

/// <summary>One answer; also the document that <c>generate --json</c> prints, without a question.</summary>
/// <param name="Question">The question.</param>
/// <param name="Text">The generated text.</param>
/// <param name="Score">The probability of yes, with <c>--yes-no</c>.</param>
/// <param name="TokenIds">The generated token ids, including the end token if it was reached.</param>
/// <param name="PromptTokenIds">The token ids of the prompt.</param>
/// <param name="Finish"><c>stop</c>, <c>length</c> or <c>cancelled</c>.</param>
/// <param name="Timings">The times of the stages.</param>
internal sealed record AnswerDocument(
    string? Question,
    string Text,
    double? Score,
    IReadOnlyList<int> TokenIds,
    PromptIds PromptTokenIds,
    string Finish,
    AnswerTimingsDocument Timings)
{
    /// <summary>The probability of yes and no together, with <c>--yes-no</c>.</summary>
    public double? Mass { get; init; }

    /// <summary>Where the score is from (<see cref="Inference.Answers.ScoreSources"/>); null for a text.</summary>
    public string? ScoredBy { get; init; }

    /// <summary>What the model read, with <c>--show-prompt</c>.</summary>
    public string? Prompt { get; init; }

    /// <summary><c>yes</c>, <c>no</c>, a number, the text or <c>unknown</c>; null for a text that is no answer.</summary>
    public string? Value { get; init; }

    /// <summary>Why the value is <c>unknown</c>; null when it is known. Always written, so that programs find it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Reason { get; init; }
}

/// <summary>The token ids of a prompt.</summary>
/// <param name="Before">The ids before the image; the whole prompt if there is no image.</param>
/// <param name="After">The ids after the image.</param>
internal sealed record PromptIds(IReadOnlyList<int> Before, IReadOnlyList<int> After);

/// <summary>The times of the stages in milliseconds. The time to encode the image and to prefill it is the same for all answers about one
/// image.</summary>
internal sealed record AnswerTimingsDocument(double EncodeMs, double PrefillMs, double DecodeMs);

[JsonSerializable(typeof(AskDocument))]
[JsonSerializable(typeof(AnswerDocument))]
internal sealed partial class AnswerDocumentJson : JsonSerializerContext
{
    /// <summary>Writes text as readable characters instead of \u escapes.</summary>
    public static AnswerDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
