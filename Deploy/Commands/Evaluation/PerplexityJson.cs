using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Evaluation;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

[JsonSerializable(typeof(PerplexityResult))]
internal sealed partial class PerplexityJson : JsonSerializerContext
{
    /// <summary>The document that <c>perplexity --json</c> prints.</summary>
    public static PerplexityJson Readable { get; } = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase });
}
