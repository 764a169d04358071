using System.Text.Json;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>TextVQA validation: questions about text in pictures, asked with the words that a text recogniser found (haotian-liu/LLaVA,
/// eval_textvqa.py; Meituan-AutoML/MobileVLM, m4c_evaluator.py).</summary>
internal sealed class TextVqaBenchmark : Benchmark<TextVqaBenchmark.Item>
{
    private const string AnnotationFile = "TextVQA_0.5.1_val.json";
    private const string QuestionFile = "llava_textvqa_val_v051_ocr.jsonl";
    private const string WordsBegin = "Reference OCR token: ";

    public override string Name => "textvqa";

    public override string Title => "TextVQA validation: text in pictures. 5,000 questions.";

    public override int DefaultMaxTokens => 128;

    public override string PublishedScore => "accuracy";

    public override string IntervalMethod => ScoreIntervals.MeanMethod;

    public override bool HasRecognisedWords => true;

    public override BenchmarkSource Source { get; } = new(
        [
            $"https://textvqa.org/dataset/: {AnnotationFile} and train_val_images.zip (7 GB)",
            $"{QuestionFile}: in LLaVA's eval.zip (https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md) and in MobileVLM's "
            + "benchmark_data.zip (https://github.com/Meituan-AutoML/MobileVLM); --without-ocr measures without it, which gives lower scores",
        ],
        ["questions and pictures: the terms on textvqa.org; the pictures are of Open Images"],
        [AnnotationFile, QuestionFile, "train_images/003a8ae2ef43b901.jpg and so on"]);

    private protected override BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options)
    {
        var annotations = folder.ReadJson(BenchmarkJson.Default.Annotations, AnnotationFile).Data;
        return options.WithoutWords
            ? new BenchmarkData([.. annotations.Select(it => ItemOf(folder, it, it, $"{it.Question}\n{ShortAnswer}"))], ["without OCR words"])
            : new BenchmarkData(Join(folder, annotations), ["with OCR words"]);
    }

    private protected override double RightnessOf(Item item, string text) => TextVqaAnswer.Score(text, item.Truth);

    private protected override BenchmarkScores Score(IReadOnlyList<AnsweredItem<Item>> answers)
    {
        double[] values = [.. answers.Select(it => it.Right)];
        return new BenchmarkScores([new BenchmarkScore(PublishedScore, values.Average())], ScoreIntervals.Mean(values));
    }

    /// <summary>Joins both files by picture and lower-case question, as the published scorer does: where two annotations have the same,
    /// it takes the answers of the last.</summary>
    private static List<Item> Join(BenchmarkFolder folder, IReadOnlyList<Annotation> annotations)
    {
        var byQuestion = annotations.GroupBy(it => (it.ImageId, it.Question.ToLowerInvariant())).ToDictionary(it => it.Key, it => it.ToList());
        var used = new Dictionary<(string, string), int>();
        var items = new List<Item>();
        foreach (var (number, line) in folder.ReadJsonLines(BenchmarkJson.Default.TextVqaLine, QuestionFile))
        {
            var key = (BenchmarkJson.IdOf(line.QuestionId), QuestionOf(line.Text).ToLowerInvariant());
            var count = used[key] = used.GetValueOrDefault(key) + 1;
            if (!byQuestion.TryGetValue(key, out var found) || count > found.Count)
            {
                throw folder.Wrong(
                    $"{folder.PathOf(QuestionFile)}, line {number}",
                    $"{AnnotationFile} has no question '{key.Item2}' about the picture {key.Item1}, or this line is there twice.");
            }

            items.Add(ItemOf(folder, found[count - 1], found[^1], line.Text));
        }

        return items;
    }

    private static Item ItemOf(BenchmarkFolder folder, Annotation annotation, Annotation scored, string question) => new(
        BenchmarkJson.IdOf(annotation.QuestionId), question,
        BenchmarkPicture.OfFile(folder.PathOf("train_images", $"{annotation.ImageId}.jpg")), scored.Answers)
    {
        HasNumericId = annotation.QuestionId.ValueKind == JsonValueKind.Number,
    };

    /// <summary>The question within the text of the question file.</summary>
    private static string QuestionOf(string text)
    {
        var lines = text.Split('\n');
        return lines.Length > 1 && lines[0].StartsWith(WordsBegin.TrimEnd(), StringComparison.Ordinal) ? lines[1] : lines[0];
    }

    internal sealed record Item(string Id, string Question, BenchmarkPicture Picture, IReadOnlyList<string> Answers)
        : BenchmarkItem(Id, Question, Picture, Answers);

    /// <summary>The annotation file.</summary>
    internal sealed record Annotations(IReadOnlyList<Annotation> Data);

    /// <summary>A question with the answers of ten people.</summary>
    internal sealed record Annotation(string ImageId, JsonElement QuestionId, string Question, IReadOnlyList<string> Answers);

    /// <summary>A line of the question file; its id is that of the picture.</summary>
    internal sealed record Line(JsonElement QuestionId, string Text);
}
