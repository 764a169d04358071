using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary>What <c>ask --json</c> prints.</summary>
internal sealed record AskDocument(string Model, string Image, int VisualTokens, IReadOnlyList<AnswerDocument> Answers);

/// <summary>One answer; also what <c>generate --json</c> prints, without a question.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Text">What the model wrote.</param>
/// <param name="Score">Probability of yes, with <c>--yes-no</c>.</param>
/// <param name="TokenIds">Ids written, the end token included if reached.</param>
/// <param name="PromptTokenIds">Ids read.</param>
/// <param name="Finish"><c>stop</c>, <c>length</c> or <c>cancelled</c>.</param>
/// <param name="Timings">Milliseconds.</param>
internal sealed record AnswerDocument(
    string? Question,
    string Text,
    double? Score,
    IReadOnlyList<int> TokenIds,
    PromptIds PromptTokenIds,
    string Finish,
    AnswerTimingsDocument Timings);

/// <param name="Before">In front of the picture; the whole prompt where there is none.</param>
/// <param name="After">Behind the picture.</param>
internal sealed record PromptIds(IReadOnlyList<int> Before, IReadOnlyList<int> After);

/// <summary>Encode and the picture's own share of the prefill are the same for all answers of one picture.</summary>
internal sealed record AnswerTimingsDocument(double EncodeMs, double PrefillMs, double DecodeMs);

[JsonSerializable(typeof(AskDocument))]
[JsonSerializable(typeof(AnswerDocument))]
internal sealed partial class AnswerDocumentJson : JsonSerializerContext
{
    /// <summary>Text as people read it, not as \u escapes.</summary>
    public static AnswerDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
