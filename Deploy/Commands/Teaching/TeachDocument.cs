using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary>The document that <c>teach --json</c> prints.</summary>
/// <param name="Labels">Number of labels of each answer.</param>
/// <param name="Chosen"><c>plain</c>, <c>threshold</c> or <c>head</c>.</param>
/// <param name="Feature">What the chosen scorer uses: <c>logit</c>, or the features of the head, the most important first.</param>
/// <param name="Candidates">Each candidate's accuracy on labels that are left out in turn.</param>
/// <param name="Plain">The model's own score on all labels.</param>
/// <param name="Estimate">Accuracy of the chosen scorer on other pictures.</param>
/// <param name="Suspects">Files whose label disagrees with the others.</param>
internal sealed record TeachDocument(
    IReadOnlyDictionary<string, int> Labels,
    string Chosen,
    string Feature,
    IReadOnlyList<CandidateDocument> Candidates,
    MeasuredDocument Plain,
    AccuracyEstimate Estimate,
    IReadOnlyList<string> Suspects)
{
    /// <summary>Accuracy of a head that needs no decoder; null where there is none.</summary>
    public AccuracyEstimate? EncoderOnly { get; init; }

    /// <summary>Results on the test folders; null without them.</summary>
    public TestDocument? Test { get; init; }
}

/// <param name="Feature"><c>plain</c>, <c>threshold</c> or a feature.</param>
/// <param name="Accuracy">0..1.</param>
internal sealed record CandidateDocument(string Feature, double Accuracy);

/// <param name="Accuracy">Share of correct answers, 0..1.</param>
/// <param name="Auc">Area under the ROC curve, 0..1.</param>
internal sealed record MeasuredDocument(double Accuracy, double Auc);

/// <param name="Plain">The model's own score.</param>
/// <param name="Chosen">The chosen scorer.</param>
/// <param name="EncoderOnly">The head that needs no decoder; null where there is none.</param>
internal sealed record TestDocument(MeasuredDocument Plain, MeasuredDocument Chosen, MeasuredDocument? EncoderOnly);

[JsonSerializable(typeof(TeachDocument))]
internal sealed partial class TeachDocumentJson : JsonSerializerContext
{
    /// <summary>Writes text as readable characters instead of \u escapes.</summary>
    public static TeachDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
