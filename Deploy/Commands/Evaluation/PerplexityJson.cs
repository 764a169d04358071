using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Evaluation;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>The document that <c>perplexity --json</c> prints.</summary>
internal sealed record PerplexityDocument(double Perplexity, double Error, int Windows, int Predictions, int Tokens)
{
    public PerplexityCompareDocument? Compare { get; init; }

    public static PerplexityDocument Of(PerplexityResult found) =>
        new(found.Perplexity, found.Error, found.Windows, found.Predictions, found.Tokens);
}

/// <param name="Model">Name of the second model.</param>
/// <param name="Precision">Of the second model.</param>
/// <param name="Perplexity">Of the second model.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="MeanKl">Mean divergence of the second model's predictions from the first's, in nats.</param>
/// <param name="Kl95">Its 95th percentile.</param>
/// <param name="SameChoices">Share of predictions with the same most likely token, 0 to 1.</param>
internal sealed record PerplexityCompareDocument(
    string Model, string Precision, double Perplexity, double Error, double MeanKl, double Kl95, double SameChoices);

[JsonSerializable(typeof(PerplexityDocument))]
internal sealed partial class PerplexityJson : JsonSerializerContext
{
    public static PerplexityJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    });
}
