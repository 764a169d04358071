using System.Text.Json;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Benchmarks;

/// <summary>Finds Tests/Fixtures/eval.</summary>
internal static class EvaluationFixtures
{
    public static string Path(params string[] parts) => System.IO.Path.Combine([GoldenFolder.Path(".."), "Fixtures", "eval", .. parts]);

    public static JsonElement Json(params string[] parts) => JsonDocument.Parse(File.ReadAllText(Path(parts))).RootElement;

    public static IEnumerable<JsonElement> JsonLines(params string[] parts) =>
        File.ReadLines(Path(parts)).Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement);

    public static string Text(this JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : element.GetProperty(name).GetRawText();
}
