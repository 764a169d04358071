using System.Text.Json;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The reasons for an unknown state are a contract with subscribers: each is in the schemas and in the docs.</summary>
public sealed class ReasonTests
{
    private static readonly string[] Reasons = [.. Enum.GetValues<UnknownReason>().Select(reason => reason.ToText()).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_schemas_name_every_reason_and_no_other()
    {
        Assert.Equal(Reasons, Enumerated("answer.schema.json", "reason"));
        Assert.Equal(Reasons, Enumerated("stats.schema.json", "waitsFor"));
    }

    [Fact]
    public void The_docs_and_the_sentences_explain_every_reason_for_which_a_question_waits()
    {
        var docs = File.ReadAllText(Path.Combine(DemoModel.Repository, "Deploy", "docs", "states.md"));
        foreach (var reason in Enum.GetValues<UnknownReason>().Except(
            [UnknownReason.Uncertain, UnknownReason.NotANumber, UnknownReason.OutOfBounds, UnknownReason.NoText]))
        {
            Assert.Contains($"`{reason.ToText()}`", docs, StringComparison.Ordinal);
            Assert.Equal(reason == UnknownReason.NotYet, reason.ToSentence() == UnknownReason.NotYet.ToSentence());
        }
    }

    private static List<string> Enumerated(string schema, string property)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(DemoModel.Repository, "Deploy", "docs", "schemas", schema)));
        return Find(document.RootElement, property)!.Value.GetProperty("enum").EnumerateArray()
            .Where(it => it.ValueKind == JsonValueKind.String).Select(it => it.GetString()!).Order(StringComparer.Ordinal).ToList();
    }

    private static JsonElement? Find(JsonElement element, string property) => element.ValueKind != JsonValueKind.Object ? null
        : element.TryGetProperty("properties", out var properties) && properties.TryGetProperty(property, out var found) ? found
        : element.EnumerateObject().Select(member => Find(member.Value, property)).FirstOrDefault(it => it is not null);
}
