using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary><c>mobilevlm eval</c> as users call it, on miniature benchmarks.</summary>
public sealed partial class EvalCommandTests(EvalCommandTests.SecondModel second) : IClassFixture<EvalCommandTests.SecondModel>, IDisposable
{
    private static readonly string Fixtures = Path.Combine(DemoModel.Repository, "Tests", "Fixtures", "eval");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-eval-").FullName;

    public static TheoryData<string, string> Benchmarks => new()
    {
        { "pope", "meanF1" }, { "gqa", "accuracy" }, { "textvqa", "accuracy" }, { "scienceqa", "imageAccuracy" }, { "mmbench", "circular" }, { "mme", "perception" },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Benchmarks))]
    public async Task Answers_equal_those_of_the_published_scripts(string name, string published)
    {
        var answers = PathOf("answers.jsonl");
        using var document = JsonDocument.Parse(await RunAsync([.. Arguments(name), "--answers", answers, "--json"]));
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixtures, "expected-demo.json")));
        var items = expected.RootElement.GetProperty(name).EnumerateArray().ToDictionary(it => it.GetProperty("id").GetRawText());
        var lines = Lines(answers);
        Assert.Equal(items.Keys.Order(StringComparer.Ordinal), lines.Select(it => it.GetProperty("id").GetRawText()).Order(StringComparer.Ordinal));
        Assert.All(lines, line =>
        {
            var item = items[line.GetProperty("id").GetRawText()];
            Assert.Equal(item.GetProperty("ids").EnumerateArray().Select(it => it.GetInt32()), line.GetProperty("tokenIds").EnumerateArray().Select(it => it.GetInt32()));
            Assert.Equal(item.GetProperty("text").GetString(), line.GetProperty("text").GetString());
            Assert.Equal(line.GetProperty("truth").ValueKind == JsonValueKind.Array, line.GetProperty("right").ValueKind == JsonValueKind.Number);
        });

        var root = document.RootElement;
        Assert.Equal((name, items.Count, published), (Text(root, "benchmark"), root.GetProperty("items").GetInt32(), Text(root, "publishedScore")));
        Assert.Equal("fp32", Text(root, "precision"));
        var interval = root.GetProperty("interval");
        Assert.InRange(root.GetProperty("scores").GetProperty(published).GetDouble(), interval.GetProperty("low").GetDouble(), interval.GetProperty("high").GetDouble());
        Assert.Equal(name is "pope" or "mme", root.TryGetProperty("logits", out _));
    }

    [Fact]
    public async Task A_run_that_was_cut_off_anywhere_continues_and_asks_nothing_twice()
    {
        var whole = PathOf("whole.jsonl");
        var document = await RunAsync([.. Arguments("pope"), "--answers", whole, "--json"]);
        var bytes = File.ReadAllBytes(whole);
        var firstLines = File.ReadAllLines(whole);
        foreach (var length in (int[])[0, 1, bytes.Length / 3, bytes.Length - 1])
        {
            var part = PathOf($"part{length}.jsonl");
            File.WriteAllBytes(part, bytes[..length]);
            Assert.Equal(document, await RunAsync([.. Arguments("pope"), "--answers", part, "--json"], ignoreErrors: true));
            Assert.Equal(firstLines.Select(WithoutTime), File.ReadAllLines(part).Select(WithoutTime));

            // Lines that were there are kept as they were, times included.
            var kept = bytes.AsSpan(0, length).Count((byte)'\n');
            Assert.Equal(firstLines[..kept], File.ReadAllLines(part)[..kept]);
        }
    }

    [Fact]
    public async Task A_run_that_was_killed_continues()
    {
        var answers = PathOf("killed.jsonl");
        string[] arguments = [.. Arguments("pope"), "--answers", answers, "--json"];
        await using (var killed = EdgeProcess.Start(arguments))
        {
            await Eventually.TrueAsync(() => File.Exists(answers) && new FileInfo(answers).Length > 0, "the first answer");
            killed.Kill();
            await killed.ExitAsync();
        }

        var before = File.ReadAllText(answers);
        await RunAsync(arguments, ignoreErrors: true);
        Assert.StartsWith(before[..(before.LastIndexOf('\n') + 1)], File.ReadAllText(answers), StringComparison.Ordinal);
        Assert.Equal(12, Lines(answers).Select(it => Text(it, "id")).Distinct().Count());
        Assert.Equal(12, Lines(answers).Count);
    }

    [Fact]
    public async Task Answers_with_other_settings_or_of_another_model_are_not_mixed()
    {
        var answers = PathOf("answers.jsonl");
        await RunAsync([.. Arguments("gqa"), "--answers", answers]);
        await RefusedAsync(2, "was answered by model", ["eval", "gqa", "--data", Data("gqa"), "--model", DemoModel.Folder.FolderPath, "--max-tokens", "31", "--answers", answers]);
        await RefusedAsync(2, "Name another file, or delete it", ["eval", "gqa", "--data", Data("gqa"), "--model", second.Folder, "--max-tokens", "32", "--answers", answers]);
        File.WriteAllText(answers, "notes\nof mine\n");
        await RefusedAsync(2, "line 1 is not an answer that this command wrote", [.. Arguments("gqa"), "--answers", answers]);
        Assert.Equal("notes\nof mine\n", File.ReadAllText(answers));
        foreach (var (text, reason) in ((string, string)[])
            [
                ("one line without an end", "is not a file of answers"),
                ("""{"dataset_type":"val","data":[]}""", "line 1 is not an answer that this command wrote"),
                ("""{"id":5,"file_name":"000000000139.jpg"}""", "line 1 is not an answer that this command wrote"),
                ("""{"dataset_type":"val","data":[""", "is not a file of answers"),
            ])
        {
            File.WriteAllText(answers, text);
            await RefusedAsync(2, reason, [.. Arguments("gqa"), "--answers", answers]);
            Assert.Equal(text, File.ReadAllText(answers));
        }
    }

    [Fact]
    public async Task A_file_that_cannot_hold_the_second_models_answers_is_found_before_the_first_model_works()
    {
        var (first, other) = (PathOf("first.jsonl"), PathOf("other.jsonl"));
        using var writer = new FileStream(other, FileMode.Create, FileAccess.Write, FileShare.None);
        await RefusedAsync(
            2, "If another run writes it, wait until that ends",
            [.. Arguments("pope"), "--compare", second.Folder, "--answers", first, "--compare-answers", other]);
        Assert.Equal("", File.ReadAllText(first));
    }

    [Fact]
    public async Task A_sample_is_the_same_for_the_same_seed_and_grows()
    {
        async Task<List<string>> Sample(string limit, string seed, string file)
        {
            using var document = JsonDocument.Parse(await RunAsync([.. Arguments("pope"), "--limit", limit, "--seed", seed, "--answers", PathOf(file), "--json"]));
            Assert.Equal(12, document.RootElement.GetProperty("sample").GetProperty("of").GetInt32());
            return [.. Lines(PathOf(file)).Select(it => Text(it, "id"))];
        }

        var five = await Sample("5", "1", "five.jsonl");
        Assert.Equal(5, five.Count);
        Assert.Equal(five, await Sample("5", "1", "again.jsonl"));
        Assert.NotEqual(five.Order(StringComparer.Ordinal), (await Sample("5", "2", "other.jsonl")).Order(StringComparer.Ordinal));
        var eight = await Sample("8", "1", "five.jsonl");
        Assert.Equal(8, eight.Count);
        Assert.Equal(five, eight[..5]);
    }

    [Fact]
    public async Task Two_models_are_compared_item_by_item()
    {
        var page = PathOf("report.html");
        var (answers, compared) = (PathOf("first.jsonl"), PathOf("second.jsonl"));
        string[] arguments = [.. Arguments("pope"), "--compare", second.Folder, "--answers", answers, "--compare-answers", compared, "--html", page];
        using var document = JsonDocument.Parse(await RunAsync([.. arguments, "--json"]));
        var compare = document.RootElement.GetProperty("compare");
        var (one, two) = (ById(answers), ById(compared));
        int Count(Func<JsonElement, JsonElement, bool> condition) => one.Count(it => condition(it.Value, two[it.Key]));
        Assert.Equal(Count((a, b) => Text(a, "text") != Text(b, "text")), compare.GetProperty("changed").GetInt32());
        Assert.Equal(Count((a, b) => !Right(a) && Right(b)), compare.GetProperty("toRight").GetInt32());
        Assert.Equal(Count((a, b) => Right(a) && !Right(b)), compare.GetProperty("toWrong").GetInt32());
        Assert.True(compare.GetProperty("changed").GetInt32() > 0, "The second model answers as the first, so the test shows nothing.");

        var html = File.ReadAllText(page);
        Assert.Contains("<h2>Changed answers</h2>", html, StringComparison.Ordinal);
        Assert.Equal(2, Svg().Count(html));
        Assert.DoesNotContain("://", html, StringComparison.Ordinal);

        var text = await RunAsync(arguments);
        Assert.Contains("meanF1", text, StringComparison.Ordinal);
        Assert.Matches(@"changed answers: \d+ of 12; \d+ to right, \d+ to wrong \(exact McNemar test: p = ", text);
    }

    [Fact]
    public async Task Items_whose_picture_is_missing_or_damaged_are_named()
    {
        var data = PathOf("data");
        Copy(Data("gqa"), data);
        string[] arguments = ["eval", "gqa", "--data", data, "--model", DemoModel.Folder.FolderPath, "--max-tokens", "4"];
        var picture = Path.Combine(data, "images", "n102.jpg");
        File.WriteAllBytes(picture, File.ReadAllBytes(picture)[..400]);
        await RefusedAsync(1, $"item 20002: {picture}: a JPEG picture whose header is damaged or cut off.", arguments);
        File.Delete(picture);
        await RefusedAsync(1, $"item 20002: its picture '{picture}' does not exist.", arguments);
        File.Delete(Path.Combine(data, "testdev_balanced_questions.json"));
        await RefusedAsync(1, "'mobilevlm eval gqa --explain' shows where to get the data", arguments);
    }

    [Theory]
    [InlineData("'popee' is not a benchmark. Did you mean 'pope'?", "popee")]
    [InlineData("'vqa' is not a benchmark", "vqa")]
    [InlineData("--data is missing", "pope")]
    [InlineData("--model is missing", "pope", "--data", ".")]
    [InlineData("--max-tokens is 1 to 4096", "pope", "--max-tokens", "0")]
    [InlineData("--limit is 1 or more", "pope", "--limit", "0")]
    [InlineData("--seed has no effect without --limit", "pope", "--seed", "3")]
    [InlineData("--without-ocr has no effect on pope", "pope", "--without-ocr")]
    [InlineData("--compare-answers has no effect without --compare", "pope", "--data", ".", "--model", ".", "--compare-answers", "x")]
    [InlineData("Required argument missing")]
    public Task Wrong_usage_is_explained(string reason, params string[] arguments) => RefusedAsync(2, reason, ["eval", .. arguments]);

    [Theory]
    [MemberData(nameof(Benchmarks))]
    public async Task The_data_is_explained(string name, string published)
    {
        var text = await RunAsync(["eval", "--explain", name]);
        Assert.Equal(text, await RunAsync(["eval", name, "--explain"]));
        Assert.Contains(published, text, StringComparison.Ordinal);
        foreach (var title in (string[])["Where to get the data:", "Terms of its publishers", "Files below --data DIR:"])
        {
            Assert.Contains(title, text, StringComparison.Ordinal);
        }

        // Each question file of the layout is named.
        foreach (var file in Directory.GetFiles(Data(name), "*.*", SearchOption.AllDirectories).Where(it => Path.GetExtension(it) is ".json" or ".jsonl" or ".tsv"))
        {
            Assert.Contains(Path.GetFileName(file), text, StringComparison.Ordinal);
        }
    }

    private static bool Right(JsonElement line) => line.GetProperty("right").GetBoolean();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string Data(string name) => Path.Combine(Fixtures, "data", name);

    private static string[] Arguments(string name) =>
        ["eval", name, "--data", Data(name), "--model", DemoModel.Folder.FolderPath, "--max-tokens", "32"];

    private static List<JsonElement> Lines(string file) => [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement)];

    private static Dictionary<string, JsonElement> ById(string file) => Lines(file).ToDictionary(it => Text(it, "id"));

    private static string WithoutTime(string line) => Seconds().Replace(line, "");

    private static async Task<string> RunAsync(string[] arguments, bool ignoreErrors = false)
    {
        var run = await EdgeProcess.RunAsync(arguments);
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.True(ignoreErrors || run.Errors.Length == 0, run.Errors);
        return run.Output;
    }

    private static async Task RefusedAsync(int code, string reason, string[] arguments)
    {
        var run = await EdgeProcess.RunAsync(arguments);
        Assert.Equal((code, ""), (run.ExitCode, run.Output));
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    private static void Copy(string source, string target)
    {
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    [GeneratedRegex("\"seconds\":[0-9.]+,")]
    private static partial Regex Seconds();

    [GeneratedRegex("<svg ")]
    private static partial Regex Svg();

    /// <summary>The demo checkpoint in a lossy precision.</summary>
    public sealed class SecondModel : IAsyncLifetime
    {
        private readonly string _root = Directory.CreateTempSubdirectory("mobilevlm-eval-model-").FullName;

        public string Folder => Path.Combine(_root, "int4");

        public async Task InitializeAsync()
        {
            var import = await EdgeProcess.RunAsync("model", "import", DemoModel.Checkpoint, Folder, "--precision", "int4");
            Assert.True(import.ExitCode == 0, import.Errors);
        }

        public Task DisposeAsync()
        {
            Directory.Delete(_root, recursive: true);
            return Task.CompletedTask;
        }
    }
}
