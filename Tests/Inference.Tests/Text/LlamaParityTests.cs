using System.Text.Json;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Text;

/// <summary>The published tokenizer against what the SentencePiece library makes of the same strings.</summary>
public sealed class LlamaParityTests
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNameCaseInsensitive = true };

    [LlamaTokenizerFact]
    public void Every_string_has_the_ids_of_the_reference_library() =>
        AssertAll((tokenizer, text) => $"[{string.Join(',', tokenizer.Encode(text.Text))}]", text => $"[{string.Join(',', text.Ids)}]");

    [LlamaTokenizerFact]
    public void Every_list_of_ids_has_the_text_of_the_reference_library() =>
        AssertAll((tokenizer, text) => tokenizer.Decode(text.Ids), text => text.Decoded);

    private static void AssertAll(Func<LlamaTextTokenizer, ReferenceText, string> actual, Func<ReferenceText, string> expected)
    {
        var tokenizer = LlamaTextTokenizer.Open(Path.Combine(LlamaTokenizerFactAttribute.Folder, "tokenizer.model"));
        var texts = JsonSerializer.Deserialize<ReferenceText[]>(
            File.ReadAllText(Path.Combine(LlamaTokenizerFactAttribute.Folder, "expected.json")), Options)!;
        var different = texts
            .Where(text => actual(tokenizer, text) != expected(text))
            .Select(text => $"{JsonSerializer.Serialize(text.Text)}: {actual(tokenizer, text)}, not {expected(text)}")
            .ToList();
        Assert.NotEmpty(texts);
        Assert.True(different.Count == 0, $"{different.Count} of {texts.Length} differ:\n{string.Join('\n', different)}");
    }

    private sealed record ReferenceText(string Text, int[] Ids, string Decoded);
}
