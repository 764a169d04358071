namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>GQA, testdev balanced: questions about objects, attributes and relations, answered with one word (haotian-liu/LLaVA,
/// convert_gqa_for_eval.py; GQA's eval.py).</summary>
internal sealed class GqaBenchmark : Benchmark<GqaBenchmark.Item>
{
    private const string Questions = "testdev_balanced_questions.json";

    public override string Name => "gqa";

    public override string Title => "GQA testdev balanced: objects, attributes and relations. About 12,600 questions, 398 pictures.";

    public override int DefaultMaxTokens => 128;

    public override string PublishedScore => "accuracy";

    public override string IntervalMethod => ScoreIntervals.WilsonMethod;

    public override BenchmarkSource Source { get; } = new(
        ["https://cs.stanford.edu/people/dorarad/gqa/download.html: questions1.2.zip (of it only the file below) and images.zip (20 GB)"],
        ["questions and pictures: the terms on that page"],
        [Questions, "images/n161313.jpg and so on"]);

    private protected override BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options) => new(
        [
            .. folder.ReadJson(BenchmarkJson.Default.GqaEntries, Questions).Select(it => new Item(
                it.Key, $"{it.Value.Question}\n{ShortAnswer}",
                BenchmarkPicture.OfFile(folder.PathOf("images", $"{it.Value.ImageId}.jpg")), it.Value.Answer)),
        ],
        []);

    /// <summary>The published rule: equal after full stops at the end and capital letters are gone.</summary>
    private protected override double RightnessOf(Item item, string text)
    {
        var predicted = text.TrimEnd('.').ToLowerInvariant();
        return string.Equals(predicted, item.Answer, StringComparison.Ordinal) ? 1 : 0;
    }

    private protected override BenchmarkScores Score(IReadOnlyList<AnsweredItem<Item>> answers)
    {
        var right = answers.Count(it => it.Right > 0);
        return new BenchmarkScores([new BenchmarkScore(PublishedScore, (double)right / answers.Count)], ScoreIntervals.Wilson(right, answers.Count));
    }

    internal sealed record Item(string Id, string Question, BenchmarkPicture Picture, string Answer)
        : BenchmarkItem(Id, Question, Picture, [Answer]);

    /// <summary>An entry of the question file.</summary>
    internal sealed record Entry([property: System.Text.Json.Serialization.JsonPropertyName("imageId")] string ImageId, string Question, string Answer);
}
