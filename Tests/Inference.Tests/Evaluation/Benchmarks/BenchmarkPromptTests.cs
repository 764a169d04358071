using System.Text.Json;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Benchmarks;

/// <summary>Items and prompts of miniature benchmarks equal those of the published evaluation scripts, id for id.</summary>
public sealed class BenchmarkPromptTests
{
    /// <summary>Stands for the picture in the published scripts.</summary>
    private const int Picture = -200;

    public static TheoryData<string> Names => [.. Benchmark.All.Select(it => it.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Prompts_equal_those_of_the_published_scripts(string name)
    {
        var tokenizer = LlamaTextTokenizer.Open(GoldenFolder.Path("..", "..", "Deploy", "demo", "mobilevlm-demo-gate", "tokenizer.model"));
        var items = Benchmark.Find(name)!.Read(EvaluationFixtures.Path("data", name), new BenchmarkOptions()).Items;
        var expected = EvaluationFixtures.Json("expected-demo.json").GetProperty(name).EnumerateArray().ToDictionary(it => it.Text("id"));
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), items.Select(it => it.Id).Order(StringComparer.Ordinal));
        Assert.All(items, item =>
        {
            int[] ids = item.Picture is null
                ? BenchmarkAnswerer.WithoutPicture(tokenizer, item.Question)
                : [.. QuestionTokenCounter.PromptIdsBefore(tokenizer), Picture, .. BenchmarkAnswerer.AfterPicture(tokenizer, item.Question)];
            Assert.Equal(expected[item.Id].GetProperty("prompt_ids").EnumerateArray().Select(it => it.GetInt32()), ids);
            Assert.Equal(expected[item.Id].GetProperty("id").ValueKind == JsonValueKind.Number, item.HasNumericId);
            Assert.True(item.Picture?.Exists ?? true);
        });
    }

    [Fact]
    public void TextVqa_can_be_asked_without_recognised_words()
    {
        var data = Benchmark.Find("textvqa")!.Read(EvaluationFixtures.Path("data", "textvqa"), new BenchmarkOptions(WithoutWords: true));
        Assert.Equal(["without OCR words"], data.Notes);
        Assert.Contains("what is the name of the shop?\nAnswer the question using a single word or phrase.", data.Items.Select(it => it.Question));
    }
}
