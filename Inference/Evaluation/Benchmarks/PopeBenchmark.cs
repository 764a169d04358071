using System.Text.Json;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>POPE: whether an object is in a COCO picture, in three files with different ways to choose the objects that are not
/// (AoiDragon/POPE, evaluate.py; haotian-liu/LLaVA, eval_pope.py).</summary>
internal sealed class PopeBenchmark : Benchmark<PopeBenchmark.Item>
{
    private const string Yes = "yes";
    private const string No = "no";

    private static readonly string[] Categories = ["random", "popular", "adversarial"];
    private static readonly string[] NoWords = ["No", "no", "not"];

    public override string Name => "pope";

    public override string Title => "POPE: is an object in the picture? About 9,000 questions, 500 pictures.";

    public override int DefaultMaxTokens => 128;

    public override string PublishedScore => "meanF1";

    public override string IntervalMethod => "bootstrap over pictures (2000 resamples, percentiles)";

    public override bool IsYesNo => true;

    public override BenchmarkSource Source { get; } = new(
        [
            "questions: https://github.com/AoiDragon/POPE, folder output/coco (revision e3e39262 has 2910 random questions, later ones 3000)",
            "pictures: http://images.cocodataset.org/zips/val2014.zip (6 GB; only 500 of them are used)",
        ],
        ["questions: MIT", "pictures: COCO's terms of use (https://cocodataset.org/#termsofuse); Flickr's terms for each photograph"],
        [
            "coco/coco_pope_random.json, coco/coco_pope_popular.json, coco/coco_pope_adversarial.json",
            "val2014/COCO_val2014_000000310196.jpg and so on",
        ]);

    private protected override BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options)
    {
        var items = new List<Item>();
        foreach (var category in Categories)
        {
            var file = $"coco_pope_{category}.json";
            foreach (var (number, line) in folder.ReadJsonLines(BenchmarkJson.Default.PopeLine, "coco", file))
            {
                if (line.Label is not (Yes or No))
                {
                    throw folder.Wrong($"{folder.PathOf("coco", file)}, line {number}", $"the label '{line.Label}' is neither yes nor no.");
                }

                items.Add(new Item(
                    $"{category}/{BenchmarkJson.IdOf(line.QuestionId)}", $"{line.Text}\n{ShortAnswer}",
                    BenchmarkPicture.OfFile(folder.PathOf("val2014", line.Image)), line.Label, category));
            }
        }

        if (Categories.FirstOrDefault(category => !items.Exists(it => it.Category == category)) is { } empty)
        {
            throw folder.Wrong(folder.PathOf("coco", $"coco_pope_{empty}.json"), "it holds no question.");
        }

        return new BenchmarkData(items, [string.Join(", ", Categories.Select(it => $"{it} {items.Count(item => item.Category == it)}")) + " questions"]);
    }

    private protected override double RightnessOf(Item item, string text) => AnswerOf(text) == item.Label ? 1 : 0;

    private protected override BenchmarkScores Score(IReadOnlyList<AnsweredItem<Item>> answers)
    {
        var scores = new List<BenchmarkScore>();
        var present = Categories.Where(category => answers.Any(it => it.Item.Category == category)).ToList();
        foreach (var category in present)
        {
            var counts = Confusion.Of(answers.Where(it => it.Item.Category == category));
            scores.AddRange(counts.Scores(category));
        }

        scores.Add(new BenchmarkScore(PublishedScore, scores.Where(it => it.Name.EndsWith(".f1", StringComparison.Ordinal)).Average(it => it.Value)));
        return new BenchmarkScores(scores, Interval(answers, present));
    }

    /// <summary>The published rule: up to the first full stop, without commas, any no-word is a no, and all else is a yes.</summary>
    private static string AnswerOf(string text) =>
        text.Split('.')[0].Replace(",", "", StringComparison.Ordinal).Split(' ').Any(NoWords.Contains) ? No : Yes;

    private static ScoreInterval Interval(IReadOnlyList<AnsweredItem<Item>> answers, List<string> categories)
    {
        var pictures = answers.GroupBy(it => it.Item.Picture)
            .Select(picture => categories.SelectMany(category => Confusion.Of(picture.Where(it => it.Item.Category == category)).Counts).ToArray())
            .ToList();
        return ScoreIntervals.Bootstrap(
            [pictures],
            sums => categories.Select((_, i) => Confusion.Of(sums[0].AsSpan(i * Confusion.Length, Confusion.Length)).F1).Average());
    }

    internal sealed record Item(string Id, string Question, BenchmarkPicture Picture, string Label, string Category)
        : BenchmarkItem(Id, Question, Picture, [Label]);

    /// <summary>A line of a question file.</summary>
    internal sealed record Line(JsonElement QuestionId, string Image, string Text, string Label);

    /// <summary>Right and wrong answers; "yes" is positive.</summary>
    private readonly record struct Confusion(double TruePositive, double FalsePositive, double TrueNegative, double FalseNegative)
    {
        public const int Length = 4;

        public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

        public double[] Counts => [TruePositive, FalsePositive, TrueNegative, FalseNegative];

        private double Precision => Share(TruePositive, TruePositive + FalsePositive);

        private double Recall => Share(TruePositive, TruePositive + FalseNegative);

        private double Total => TruePositive + FalsePositive + TrueNegative + FalseNegative;

        public static Confusion Of(IEnumerable<AnsweredItem<Item>> answers)
        {
            var counts = new double[Length];
            foreach (var (item, _, right) in answers)
            {
                counts[(item.Label == Yes, right > 0) switch { (true, true) => 0, (false, false) => 1, (false, true) => 2, _ => 3 }]++;
            }

            return Of(counts);
        }

        public static Confusion Of(ReadOnlySpan<double> counts) => new(counts[0], counts[1], counts[2], counts[3]);

        public IEnumerable<BenchmarkScore> Scores(string category) =>
        [
            new($"{category}.accuracy", Share(TruePositive + TrueNegative, Total)),
            new($"{category}.precision", Precision),
            new($"{category}.recall", Recall),
            new($"{category}.f1", F1),
            new($"{category}.yesRatio", Share(TruePositive + FalsePositive, Total)),
            new($"{category}.tp", TruePositive, IsCount: true),
            new($"{category}.fp", FalsePositive, IsCount: true),
            new($"{category}.tn", TrueNegative, IsCount: true),
            new($"{category}.fn", FalseNegative, IsCount: true),
        ];

        /// <summary>0 of 0 is 0; the published script ends with an error there.</summary>
        private static double Share(double part, double all) => all == 0 ? 0 : part / all;
    }
}
