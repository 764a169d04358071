using System.Text.Json;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Benchmarks;

/// <summary>Scores of made-up answers equal those of the published scorers.</summary>
public sealed class BenchmarkScoreTests : IDisposable
{
    private static readonly JsonElement Expected = EvaluationFixtures.Json("scores", "expected.json");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Pope()
    {
        Directory.CreateDirectory(PathOf("coco"));
        foreach (var category in (string[])["random", "popular", "adversarial"])
        {
            Copy($"coco_pope_{category}.json", "coco", $"coco_pope_{category}.json");
        }

        // The published answers are numbered through the three files.
        var texts = EvaluationFixtures.JsonLines("scores", "pope_answers.jsonl").Select(it => it.Text("text")).ToList();
        var scores = Score("pope", (items, i) => texts[i]);
        foreach (var category in (string[])["random", "popular", "adversarial"])
        {
            var expected = Expected.GetProperty($"pope_{category}");
            foreach (var (name, published) in (ReadOnlySpan<(string, string)>)
                [("tp", "tp"), ("fp", "fp"), ("tn", "tn"), ("fn", "fn"), ("accuracy", "accuracy"), ("precision", "precision"), ("recall", "recall"), ("f1", "f1"), ("yesRatio", "yes_ratio")])
            {
                Assert.Equal(expected.GetProperty(published).GetDouble(), scores[$"{category}.{name}"]);
            }
        }

        Assert.Equal(Expected.GetProperty("pope_mean_f1").GetDouble(), scores["meanF1"], 1e-15);
    }

    [Fact]
    public void Gqa()
    {
        Copy("testdev_balanced_questions.json", "testdev_balanced_questions.json");
        var texts = ById("gqa_answers.jsonl");
        var scores = Score("gqa", (item, _) => texts[item.Id]);
        Assert.Equal(Expected.GetProperty("gqa_accuracy").GetDouble(), scores["accuracy"]);
    }

    [Fact]
    public void TextVqa()
    {
        var cases = EvaluationFixtures.Json("scores", "textvqa-score.json").EnumerateArray().ToList();
        File.WriteAllText(
            PathOf("TextVQA_0.5.1_val.json"),
            JsonSerializer.Serialize(new
            {
                data = cases.Select((it, i) => new { image_id = $"p{i}", question_id = i, question = $"What is {i}?", answers = it.GetProperty("answers") }),
            }));
        File.WriteAllLines(
            PathOf("llava_textvqa_val_v051_ocr.jsonl"),
            cases.Select((_, i) => JsonSerializer.Serialize(new { question_id = $"p{i}", image = $"p{i}.jpg", text = $"what is {i}?\nReference OCR token: A\nx" })));
        var scores = Score("textvqa", (_, i) => cases[i].Text("prediction"));
        Assert.True(cases.Count >= 60);
        Assert.Equal(cases.Average(it => it.GetProperty("score").GetDouble()), scores["accuracy"], 1e-12);
    }

    [Fact]
    public void ScienceQa()
    {
        Copy("problems.json", "problems.json");
        Copy("pid_splits.json", "pid_splits.json");
        var answers = EvaluationFixtures.JsonLines("scores", "sqa_answers.jsonl").ToList();
        File.WriteAllText(
            PathOf("llava_test_CQM-A.json"),
            JsonSerializer.Serialize(answers.Select(it => it.Text("prompt").Contains("<image>", StringComparison.Ordinal)
                ? (object)new { id = it.Text("question_id"), conversations = new[] { new { value = it.Text("prompt") } }, image = "x.png" }
                : new { id = it.Text("question_id"), conversations = new[] { new { value = it.Text("prompt") } } })));
        var texts = ById("sqa_answers.jsonl");
        var scores = Score("scienceqa", (item, _) => texts[item.Id]);
        Assert.Equal(Expected.GetProperty("sqa").GetProperty("accuracy").GetDouble(), scores["accuracy"]);
        Assert.Equal(Expected.GetProperty("sqa").GetProperty("image_accuracy").GetDouble(), scores["imageAccuracy"]);
    }

    [Fact]
    public void MmBench()
    {
        Copy("mmbench.tsv", "mmbench_dev_en_20231003.tsv");
        var texts = ById("mmbench_answers.jsonl");
        var scores = Score("mmbench", (item, _) => texts[item.Id]);
        Assert.Equal(Expected.GetProperty("mmbench").GetProperty("single").GetDouble(), scores["single"]);
        Assert.Equal(Expected.GetProperty("mmbench").GetProperty("circular").GetDouble(), scores["circular"]);
    }

    [Fact]
    public void Mme()
    {
        var answers = EvaluationFixtures.JsonLines("scores", "mme_answers.jsonl").ToList();
        foreach (var picture in answers.GroupBy(it => it.Text("image")))
        {
            var file = PathOf(picture.Key);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "");
            File.WriteAllLines(Path.ChangeExtension(file, ".txt"), picture.Select(it => $"{it.Text("question")}\t{it.Text("answer")}"));
        }

        var texts = answers.GroupBy(it => it.Text("image"))
            .SelectMany(picture => picture.Index().Select(it => ($"{picture.Key}/{it.Index + 1}", it.Item.Text("prediction"))))
            .ToDictionary(it => it.Item1, it => it.Item2);
        var scores = Score("mme", (item, _) => texts[item.Id]);
        foreach (var category in Expected.GetProperty("mme").GetProperty("categories").EnumerateObject())
        {
            Assert.Equal(category.Value.GetDouble(), scores[category.Name], 1e-12);
        }

        Assert.Equal(Expected.GetProperty("mme").GetProperty("perception").GetDouble(), scores["perception"], 1e-11);
        Assert.Equal(Expected.GetProperty("mme").GetProperty("cognition").GetDouble(), scores["cognition"], 1e-11);
    }

    /// <summary>Where all answers are right, each score is the largest that it can be.</summary>
    [Fact]
    public void Right_answers_reach_the_largest_score()
    {
        Assert.All(Benchmark.All, benchmark =>
        {
            var items = benchmark.Read(EvaluationFixtures.Path("data", benchmark.Name), new BenchmarkOptions()).Items;
            var scores = benchmark.Score([.. items.Select(item => new AnsweredItem(item, item.Truth[0], 1))]).Scores;
            foreach (var score in scores.Where(it => !it.IsCount && !it.Name.EndsWith("yesRatio", StringComparison.Ordinal)))
            {
                // The fixture of MME has one category of each kind.
                var part = score.Name switch { "perception" => 10, "cognition" => 4, _ => 1 };
                Assert.Equal(score.Largest, score.Value * part, 1e-9);
            }
        });
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private void Copy(string fixture, params string[] name) =>
        File.Copy(EvaluationFixtures.Path("scores", fixture), Path.Combine([_folder.Path, .. name]));

    private static Dictionary<string, string> ById(string file) =>
        EvaluationFixtures.JsonLines("scores", file).ToDictionary(it => it.Text("question_id"), it => it.Text("text"));

    private Dictionary<string, double> Score(string name, Func<BenchmarkItem, int, string> answer)
    {
        var benchmark = Benchmark.Find(name)!;
        var answers = benchmark.Read(_folder.Path, new BenchmarkOptions()).Items
            .Select((item, i) => (Item: item, Text: answer(item, i)))
            .Select(it => new AnsweredItem(it.Item, it.Text, benchmark.RightnessOf(it.Item, it.Text)))
            .ToList();
        var found = benchmark.Score(answers);
        var published = found.Scores.Single(it => it.Name == benchmark.PublishedScore).Value;
        Assert.InRange(published, found.Interval!.Value.Low, found.Interval.Value.High);
        Assert.True(found.Interval.Value.High > found.Interval.Value.Low);
        Assert.Equal(found.Interval, benchmark.Score(answers).Interval);
        return found.Scores.ToDictionary(it => it.Name, it => it.Value);
    }
}
