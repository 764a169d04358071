using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary>The document that <c>ask --check --json</c> prints.</summary>
internal sealed record CheckDocument(string Model, IReadOnlyList<QuestionCheckDocument> Checks);

/// <summary>The check of one question.</summary>
/// <param name="Question">The question.</param>
/// <param name="Pictures">The score of each picture.</param>
/// <param name="Spread">Of these scores.</param>
/// <param name="WithoutPicture">The score when the model is asked without a picture.</param>
/// <param name="Warnings">Why answers are probably wrong or useless; empty where nothing was found.</param>
internal sealed record QuestionCheckDocument(
    string Question,
    IReadOnlyList<CheckedPictureDocument> Pictures,
    ScoreSpreadDocument Spread,
    CheckedScoreDocument WithoutPicture,
    IReadOnlyList<CheckWarningDocument> Warnings);

/// <param name="Image">The picture's file.</param>
/// <param name="Value"><c>yes</c> or <c>no</c>, by a score of 0.5, or <c>unknown</c>.</param>
/// <param name="Score">Probability of yes.</param>
/// <param name="Mass">Probability of yes and no together.</param>
internal sealed record CheckedPictureDocument(string Image, string Value, double Score, double Mass);

/// <summary>Lowest, middle and highest score.</summary>
internal sealed record ScoreSpreadDocument(double Min, double Median, double Max);

/// <param name="Score">Probability of yes.</param>
/// <param name="Mass">Probability of yes and no together.</param>
internal sealed record CheckedScoreDocument(double Score, double Mass);

/// <param name="Kind"><c>negation</c>, <c>time</c>, <c>sound</c>, <c>otherAnswer</c>, <c>sameScores</c>, <c>unclear</c> or <c>bias</c>.</param>
/// <param name="Message">What is wrong and what to do.</param>
internal sealed record CheckWarningDocument(string Kind, string Message);

[JsonSerializable(typeof(CheckDocument))]
internal sealed partial class CheckDocumentJson : JsonSerializerContext
{
    /// <summary>Writes text as readable characters instead of \u escapes.</summary>
    public static CheckDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
