using System.Text.Json;
using Json.Schema;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Validates messages against a JSON Schema.</summary>
public sealed class SchemaCheck(string file)
{
    private readonly JsonSchema _schema = JsonSchema.FromText(File.ReadAllText(file));

    /// <summary>Returns the errors of a message, each with its location; empty if the message is valid.</summary>
    public IReadOnlyList<string> Faults(ReadOnlySpan<byte> message)
    {
        var reader = new Utf8JsonReader(message);
        using var document = JsonDocument.ParseValue(ref reader);
        var result = _schema.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (result.IsValid)
        {
            return [];
        }

        return [.. (result.Details ?? []).Where(detail => detail.Errors is not null)
            .SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}"))
            .DefaultIfEmpty("it is not valid")];
    }
}
