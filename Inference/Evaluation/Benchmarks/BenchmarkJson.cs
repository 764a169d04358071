using System.Text.Json;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>The published question files. Members that are not used are skipped.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(PopeBenchmark.Line), TypeInfoPropertyName = "PopeLine")]
[JsonSerializable(typeof(GqaBenchmark.Entry), TypeInfoPropertyName = "GqaEntry")]
[JsonSerializable(typeof(Dictionary<string, GqaBenchmark.Entry>), TypeInfoPropertyName = "GqaEntries")]
[JsonSerializable(typeof(TextVqaBenchmark.Annotations))]
[JsonSerializable(typeof(TextVqaBenchmark.Line), TypeInfoPropertyName = "TextVqaLine")]
[JsonSerializable(typeof(Dictionary<string, ScienceQaBenchmark.Problem>))]
[JsonSerializable(typeof(ScienceQaBenchmark.Splits))]
[JsonSerializable(typeof(ScienceQaBenchmark.Entry), TypeInfoPropertyName = "ScienceQaEntry")]
[JsonSerializable(typeof(List<ScienceQaBenchmark.Entry>), TypeInfoPropertyName = "ScienceQaEntries")]
internal sealed partial class BenchmarkJson : JsonSerializerContext
{
    /// <summary>An id that some files have as a number and others as a text.</summary>
    public static string IdOf(JsonElement id) => id.ValueKind == JsonValueKind.String ? id.GetString()! : id.GetRawText();
}
