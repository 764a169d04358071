namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>MME: two questions about each picture, one with the answer yes and one with no, in 14 categories
/// (BradyFU/Awesome-Multimodal-Large-Language-Models, branch Evaluation, calculation.py).</summary>
internal sealed class MmeBenchmark : Benchmark<MmeBenchmark.Item>
{
    /// <summary>All answers right, and so all pictures with only right answers.</summary>
    private const int LargestOfCategory = 200;

    private const string Perception = "perception";
    private const string Cognition = "cognition";

    /// <summary>The data's own instruction, which the published question file replaces.</summary>
    private const string OwnInstruction = "Please answer yes or no.";

    private static readonly string[] PerceptionCategories =
        ["existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR"];

    private static readonly string[] CognitionCategories =
        ["commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"];

    private static readonly string[] PictureExtensions = [".jpg", ".png", ".jpeg"];

    public override string Name => "mme";

    public override string Title => "MME: perception and cognition, yes or no. 2,374 questions, two of each picture.";

    public override int DefaultMaxTokens => 128;

    public override string PublishedScore => Perception;

    public override string IntervalMethod => "bootstrap over the pictures of each category (2000 resamples, percentiles)";

    public override bool IsYesNo => true;

    public override BenchmarkSource Source { get; } = new(
        ["https://github.com/BradyFU/Awesome-Multimodal-Large-Language-Models, branch Evaluation (MME_Benchmark_release_version)"],
        ["questions and pictures: for research, the terms on that page; some pictures are COCO's"],
        [
            "existence/000000006040.jpg, existence/000000006040.txt and so on: one folder for each category, with a text of two lines "
            + "(question, tab, Yes or No) beside each picture",
            "or, as some categories come: artwork/images/10002.jpg, artwork/questions_answers_YN/10002.txt",
            $"perception: {string.Join(", ", PerceptionCategories)}",
            $"cognition: {string.Join(", ", CognitionCategories)}",
        ]);

    private protected override BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options)
    {
        var root = folder.PathOf();
        if (!Directory.Exists(root))
        {
            throw folder.Wrong(root, "it does not exist.");
        }

        string[] categories = [.. PerceptionCategories, .. CognitionCategories];
        string[] present = [.. categories.Where(category => Directory.Exists(folder.PathOf(category)))];
        string[] unknown = [.. Directory.GetDirectories(root).Select(it => Path.GetFileName(it)).Except(categories).Order(StringComparer.Ordinal)];
        if (present.Length == 0)
        {
            throw folder.Wrong(root, "it has none of the folders of MME's categories, for example existence.");
        }

        List<string> notes = [];
        if (categories.Except(present).ToList() is { Count: > 0 } missing)
        {
            notes.Add($"categories that are not there: {string.Join(", ", missing)}");
        }

        if (unknown.Length > 0)
        {
            notes.Add($"folders that are not categories and were not read: {string.Join(", ", unknown)}");
        }

        return new BenchmarkData([.. present.SelectMany(category => ReadCategory(folder, category))], notes);
    }

    /// <summary>The published rule: yes or no within the first four characters, in any case.</summary>
    private protected override double RightnessOf(Item item, string text)
    {
        var lower = text.Trim().ToLowerInvariant();
        var begin = lower.Length > 4 ? lower[..4] : lower;
        var answer = begin.Contains("yes", StringComparison.Ordinal) ? "yes" : begin.Contains("no", StringComparison.Ordinal) ? "no" : "other";
        return answer.Equals(item.Truth[0], StringComparison.OrdinalIgnoreCase) ? 1 : 0;
    }

    private protected override BenchmarkScores Score(IReadOnlyList<AnsweredItem<Item>> answers)
    {
        var byCategory = answers.GroupBy(it => it.Item.Category)
            .ToDictionary(it => it.Key, it => it.GroupBy(answer => answer.Item.Group).Select(Counts).ToList());
        var scores = new List<BenchmarkScore>();
        foreach (var (name, categories) in (ReadOnlySpan<(string, string[])>)[(Perception, PerceptionCategories), (Cognition, CognitionCategories)])
        {
            var found = categories.Where(byCategory.ContainsKey)
                .Select(category => new BenchmarkScore(category, CategoryScore(Sum(byCategory[category])), Largest: LargestOfCategory)).ToList();
            scores.AddRange(found);
            if (found.Count > 0)
            {
                scores.Add(new BenchmarkScore(name, found.Sum(it => it.Value), Largest: categories.Length * LargestOfCategory));
            }
        }

        List<IReadOnlyList<double[]>> perception = [.. PerceptionCategories.Where(byCategory.ContainsKey).Select(category => byCategory[category])];
        return new BenchmarkScores(
            scores, perception.Count == 0 ? null : ScoreIntervals.Bootstrap(perception, sums => sums.Sum(CategoryScore)));
    }

    /// <summary>Of one picture: right answers, answers, whether all are right, 1.</summary>
    private static double[] Counts(IEnumerable<AnsweredItem<Item>> picture)
    {
        var (right, count) = picture.Aggregate((Right: 0, Count: 0), (sum, it) => (sum.Right + (it.Right > 0 ? 1 : 0), sum.Count + 1));
        return [right, count, right == count ? 1 : 0, 1];
    }

    private static double[] Sum(IEnumerable<double[]> counts) =>
        counts.Aggregate((sum, next) => [.. sum.Zip(next, (a, b) => a + b)]);

    /// <summary>The share of right answers and that of pictures with only right answers, in per cent, added.</summary>
    private static double CategoryScore(double[] counts) => (counts[0] / counts[1] * 100) + (counts[2] / counts[3] * 100);

    private static IEnumerable<Item> ReadCategory(BenchmarkFolder folder, string category)
    {
        var (texts, pictures) = (folder.PathOf(category, "questions_answers_YN"), folder.PathOf(category, "images"));
        if (!Directory.Exists(texts))
        {
            texts = pictures = folder.PathOf(category);
        }

        var files = Directory.GetFiles(texts, "*.txt").Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0)
        {
            throw folder.Wrong(texts, "it holds no text file with questions.");
        }

        foreach (var file in files)
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var picture = PictureExtensions.Select(extension => $"{name}{extension}").FirstOrDefault(it => File.Exists(Path.Combine(pictures, it)))
                ?? throw folder.Wrong(file, $"its picture is missing: {Path.Combine(pictures, name)} with {string.Join(", ", PictureExtensions)}.");
            var lines = File.ReadLines(file).Index().Where(it => !string.IsNullOrWhiteSpace(it.Item)).ToList();
            if (lines.Count != 2)
            {
                throw folder.Wrong(file, $"it has {lines.Count} questions; a picture has two.");
            }

            foreach (var (number, (index, line)) in lines.Index())
            {
                if (line.Split('\t') is not [var question, var answer] || answer.Trim() is not ("Yes" or "No" or "yes" or "no"))
                {
                    throw folder.Wrong($"{file}, line {index + 1}", "it is not a question, a tab, and Yes or No.");
                }

                yield return new Item(
                    category, picture, number + 1, $"{question.Replace(OwnInstruction, "", StringComparison.Ordinal).Trim()}\n{ShortAnswer}",
                    BenchmarkPicture.OfFile(Path.Combine(pictures, picture)), answer.Trim());
            }
        }
    }

    internal sealed record Item(string Category, string File, int Line, string Question, BenchmarkPicture Picture, string Answer)
        : BenchmarkItem($"{Category}/{File}/{Line}", Question, Picture, [Answer])
    {
        public override string Group { get; } = $"{Category}/{File}";
    }
}
