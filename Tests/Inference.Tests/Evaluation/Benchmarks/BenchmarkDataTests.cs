using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Benchmarks;

/// <summary>Data that is not as it should be is refused with the file, the line and the command that explains the layout.</summary>
public sealed class BenchmarkDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Files => new()
    {
        { "pope", "coco/coco_pope_popular.json" },
        { "gqa", "testdev_balanced_questions.json" },
        { "textvqa", "TextVQA_0.5.1_val.json" },
        { "textvqa", "llava_textvqa_val_v051_ocr.jsonl" },
        { "scienceqa", "problems.json" },
        { "scienceqa", "pid_splits.json" },
        { "scienceqa", "llava_test_CQM-A.json" },
        { "mmbench", "mmbench_dev_en_20231003.tsv" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_missing_file_is_named(string name, string file)
    {
        Copy(name);
        File.Delete(PathOf(file));
        Assert.Contains($"{PathOf(file)}: it does not exist.", Refusal(name), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_that_was_cut_off_is_named(string name, string file)
    {
        Copy(name);
        var text = File.ReadAllText(PathOf(file));
        File.WriteAllText(PathOf(file), text[..(text.Length / 2)]);
        Assert.StartsWith(PathOf(file), Refusal(name), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void An_empty_file_is_refused(string name, string file)
    {
        Copy(name);
        File.WriteAllText(PathOf(file), "");
        if (name == "pope")
        {
            // One file of three without questions; a page of scores without it would mislead.
            Assert.Contains("coco_pope_popular.json", Refusal(name), StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains(_folder.Path, Refusal(name), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("pope", "coco/coco_pope_random.json", "\"label\": \"no\"", "\"label\": \"maybe\"", "line 2: the label 'maybe' is neither yes nor no")]
    [InlineData("pope", "coco/coco_pope_random.json", "\"question_id\": 2", "\"question_id\": 1", "its files hold item 'random/1' twice")]
    [InlineData("pope", "coco/coco_pope_random.json", "\"image\": ", "\"picture\": ", "line 1: it cannot be read")]
    [InlineData("gqa", "testdev_balanced_questions.json", "\"answer\": \"yes\"", "\"answer\": null", "it cannot be read")]
    [InlineData("textvqa", "llava_textvqa_val_v051_ocr.jsonl", "What year", "Which year", "line 2: TextVQA_0.5.1_val.json has no question 'which year is shown?' about the picture a000000000000001")]
    [InlineData("scienceqa", "pid_splits.json", "\"13\"", "\"14\"", "problems.json: the problem '14' of pid_splits.json is missing")]
    [InlineData("scienceqa", "llava_test_CQM-A.json", "\"id\": \"13\"", "\"id\": \"14\"", "the question '13' of pid_splits.json is missing")]
    [InlineData("scienceqa", "problems.json", "\"answer\": 1", "\"answer\": 2", "problem '12' has 2 choices and the answer 2")]
    [InlineData("mmbench", "mmbench_dev_en_20231003.tsv", "\tanswer\t", "\tresult\t", "its first line does not name a column 'answer'")]
    [InlineData("mmbench", "mmbench_dev_en_20231003.tsv", "1000000\t", "x\t", "line 3: the index 'x' is not a number")]
    [InlineData("mmbench", "mmbench_dev_en_20231003.tsv", "An empty beach.\tA\t", "An empty beach.\t\t", "line 2: it has no answer. Only the dev split can be scored")]
    [InlineData("mmbench", "mmbench_dev_en_20231003.tsv", "An empty beach.\tA\t", "An empty beach.\tE\t", "line 2: its answer is 'E', and its options are 4")]
    [InlineData("mmbench", "mmbench_dev_en_20231003.tsv", "A red bus.\tAn empty beach.\tA\t", "A red bus.\tA\t", "line 2: it has 13 cells, the first line 14")]
    [InlineData("mme", "existence/000001.txt", "\tYes", " Yes", "000001.txt, line 1: it is not a question, a tab, and Yes or No")]
    [InlineData("mme", "existence/000001.txt", "\tNo", "\tNo\nIs there a cup?\tYes", "it has 3 questions; a picture has two")]
    public void A_wrong_entry_is_named(string name, string file, string before, string after, string reason)
    {
        Copy(name);
        var text = File.ReadAllText(PathOf(file));
        var place = text.IndexOf(before, StringComparison.Ordinal);
        Assert.True(place >= 0);
        File.WriteAllText(PathOf(file), text[..place] + after + text[(place + before.Length)..]);
        Assert.Contains(reason, Refusal(name), StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_of_MME_that_is_missing_is_named_and_other_folders_are_noted()
    {
        Copy("mme");
        Directory.CreateDirectory(PathOf("eval_tool"));
        var data = Benchmark.Find("mme")!.Read(_folder.Path, new BenchmarkOptions());
        Assert.Contains("folders that are not categories and were not read: eval_tool", data.Notes);
        Assert.Contains(data.Notes, note => note.StartsWith("categories that are not there: count, position", StringComparison.Ordinal));
        File.Delete(PathOf("existence/000002.jpg"));
        Assert.Contains("existence/000002.txt: its picture is missing", Refusal("mme"), StringComparison.Ordinal);
    }

    [Fact]
    public void Categories_of_MME_may_have_folders_for_pictures_and_texts()
    {
        Copy("mme");
        foreach (var (folder, pattern) in (ReadOnlySpan<(string, string)>)[("images", "*.jpg"), ("questions_answers_YN", "*.txt")])
        {
            Directory.CreateDirectory(PathOf($"existence/{folder}"));
            foreach (var file in Directory.GetFiles(PathOf("existence"), pattern))
            {
                File.Move(file, PathOf($"existence/{folder}/{Path.GetFileName(file)}"));
            }
        }

        var items = Benchmark.Find("mme")!.Read(_folder.Path, new BenchmarkOptions()).Items;
        Assert.Equal(
            Benchmark.Find("mme")!.Read(EvaluationFixtures.Path("data", "mme"), new BenchmarkOptions()).Items.Select(it => (it.Id, it.Question)),
            items.Select(it => (it.Id, it.Question)));
        Assert.All(items, item => Assert.True(item.Picture!.Exists));
    }

    [Fact]
    public void A_folder_that_is_missing_is_named()
    {
        Assert.All(Benchmark.All, benchmark =>
        {
            var missing = Path.Combine(_folder.Path, "none");
            var refusal = Assert.Throws<BenchmarkDataException>(() => benchmark.Read(missing, new BenchmarkOptions())).Message;
            Assert.StartsWith($"{missing}: it does not exist.", refusal, StringComparison.Ordinal);
            Assert.Contains($"'mobilevlm eval {benchmark.Name} --explain'", refusal, StringComparison.Ordinal);
        });
    }

    private string Refusal(string name)
    {
        var refusal = Assert.Throws<BenchmarkDataException>(() => Benchmark.Find(name)!.Read(_folder.Path, new BenchmarkOptions())).Message;
        Assert.Contains($"'mobilevlm eval {name} --explain'", refusal, StringComparison.Ordinal);
        return refusal;
    }

    private string PathOf(string file) => Path.Combine(_folder.Path, file);

    private void Copy(string name)
    {
        var source = EvaluationFixtures.Path("data", name);
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = PathOf(Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
