using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>ScienceQA, test split: school science with two to five options, half of it with a picture
/// (Meituan-AutoML/MobileVLM, model_vqa_science.py; haotian-liu/LLaVA, eval_science_qa.py).</summary>
internal sealed partial class ScienceQaBenchmark : Benchmark<ScienceQaBenchmark.Item>
{
    private const string QuestionFile = "llava_test_CQM-A.json";
    private const string ProblemFile = "problems.json";
    private const string SplitFile = "pid_splits.json";
    private const string PicturePlace = "<image>";
    private const string Letters = "ABCDE";

    public override string Name => "scienceqa";

    public override string Title => "ScienceQA test: school science with options. About 4,200 questions, half of them with a picture.";

    public override int DefaultMaxTokens => 1024;

    public override PictureFit PictureFit => PictureFit.CropCentre;

    public override string PublishedScore => "imageAccuracy";

    public override string IntervalMethod => ScoreIntervals.WilsonMethod;

    public override BenchmarkSource Source { get; } = new(
        [
            $"https://github.com/lupantech/ScienceQA: {ProblemFile}, {SplitFile} and the pictures of the test split",
            $"{QuestionFile}: in LLaVA's eval.zip (https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md) and in MobileVLM's "
            + "benchmark_data.zip (https://github.com/Meituan-AutoML/MobileVLM)",
        ],
        ["questions and pictures: CC BY-NC-SA 4.0 (https://scienceqa.github.io)"],
        [ProblemFile, SplitFile, QuestionFile, "images/test/11/image.png and so on"]);

    private protected override BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options)
    {
        var problems = folder.ReadJson(BenchmarkJson.Default.DictionaryStringProblem, ProblemFile);
        var test = folder.ReadJson(BenchmarkJson.Default.Splits, SplitFile).Test;
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var entry in folder.ReadJson(BenchmarkJson.Default.ScienceQaEntries, QuestionFile))
        {
            entries[entry.Id] = entry;
        }

        return new BenchmarkData([.. test.Select(id => ItemOf(folder, id, problems, entries))], []);
    }

    private protected override double RightnessOf(Item item, string text) => LetterOf(text) is { } letter && letter == item.Truth[0][0] ? 1 : 0;

    private protected override BenchmarkScores Score(IReadOnlyList<AnsweredItem<Item>> answers)
    {
        var pictures = answers.Where(it => it.Item.Picture is not null).ToList();
        var (right, pictureRight) = (answers.Count(it => it.Right > 0), pictures.Count(it => it.Right > 0));
        var accuracy = new BenchmarkScore("accuracy", (double)right / answers.Count);
        return pictures.Count == 0
            ? new BenchmarkScores([accuracy], null)
            : new BenchmarkScores(
                [accuracy, new BenchmarkScore(PublishedScore, (double)pictureRight / pictures.Count)],
                ScoreIntervals.Wilson(pictureRight, pictures.Count));
    }

    /// <summary>The published rule: the letter alone, the letter with a full stop and a blank at the beginning, or once "The answer is X".
    /// A letter beyond the options is wrong, because none of them is the right one.</summary>
    private static char? LetterOf(string text)
    {
        if (text is [var only] && Letters.Contains(only, StringComparison.Ordinal))
        {
            return only;
        }

        if (text is [var first, '.', ' ', ..] && Letters.Contains(first, StringComparison.Ordinal))
        {
            return first;
        }

        var stated = StatedAnswer().Matches(text);
        return stated.Count == 1 ? stated[0].Groups[1].Value[0] : null;
    }

    private static Item ItemOf(
        BenchmarkFolder folder, string id, Dictionary<string, Problem> problems, Dictionary<string, Entry> entries)
    {
        if (!problems.TryGetValue(id, out var problem))
        {
            throw folder.Wrong(folder.PathOf(ProblemFile), $"the problem '{id}' of {SplitFile} is missing.");
        }

        if (!entries.TryGetValue(id, out var entry) || entry.Conversations.Count == 0)
        {
            throw folder.Wrong(folder.PathOf(QuestionFile), $"the question '{id}' of {SplitFile} is missing.");
        }

        if (problem.Answer < 0 || problem.Answer >= problem.Choices.Count || problem.Choices.Count > Letters.Length)
        {
            throw folder.Wrong(
                folder.PathOf(ProblemFile), $"problem '{id}' has {problem.Choices.Count} choices and the answer {problem.Answer}, counted from 0.");
        }

        var question = entry.Conversations[0].Value.Replace(PicturePlace, "", StringComparison.Ordinal).Trim();
        return new Item(
            id, $"{question}\n{OptionLetter}",
            entry.Image is { } image ? BenchmarkPicture.OfFile(folder.PathOf("images", "test", image)) : null,
            Letters[problem.Answer].ToString());
    }

    [GeneratedRegex("The answer is ([A-Z]).")]
    private static partial Regex StatedAnswer();

    internal sealed record Item(string Id, string Question, BenchmarkPicture? Picture, string Letter)
        : BenchmarkItem(Id, Question, Picture, [Letter]);

    /// <summary>An entry of the problem file.</summary>
    internal sealed record Problem(IReadOnlyList<string> Choices, int Answer);

    /// <summary>Ids by split.</summary>
    internal sealed record Splits(IReadOnlyList<string> Test);

    /// <summary>A question as it is asked.</summary>
    internal sealed record Entry(string Id, IReadOnlyList<Turn> Conversations, string? Image = null);

    /// <summary>One turn of a conversation.</summary>
    internal sealed record Turn(string Value);
}
