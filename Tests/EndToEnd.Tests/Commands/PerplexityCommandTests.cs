using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary><c>mobilevlm perplexity</c> as scripts call it.</summary>
public sealed class PerplexityCommandTests(PerplexityCommandTests.Models models) : IClassFixture<PerplexityCommandTests.Models>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-perplexity-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama-gqa")]
    [InlineData("mobilevlm-v2")]
    public async Task It_prints_one_json_document(string model)
    {
        var ids = Write([.. Enumerable.Range(0, 70).Select(i => $"{3 + (i * 7 % 200)}"), ""]);
        var run = await EdgeProcess.RunAsync("perplexity", "--ids", ids, "--model", models[model], "-c", "16", "--chunks", "3", "--json");
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        using var document = JsonDocument.Parse(run.Output);
        int Number(string name) => document.RootElement.GetProperty(name).GetInt32();
        Assert.Equal((3, 3 * 7, 70), (Number("windows"), Number("predictions"), Number("tokens")));
        Assert.InRange(document.RootElement.GetProperty("perplexity").GetDouble(), 1.5, 1e5);
        Assert.InRange(document.RootElement.GetProperty("error").GetDouble(), 1e-3, 1e4);

        var text = await EdgeProcess.RunAsync("perplexity", "--ids", ids, "--model", models[model], "-c", "16", "--chunks", "3");
        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.Matches(@"^perplexity \d+\.\d{4} ± \d+\.\d{4} \(decode weights, 21 predictions in 3 windows of 16, 70 tokens in the file\)\s*$", text.Output);
    }

    /// <summary>Values of transformers in float32 on the same windows.</summary>
    [Theory]
    [InlineData("llama-gqa", 128, 23, 1179.6800117855846, 32.78989115735182)]
    [InlineData("mobilellama", 128, 23, 1236.7421992256393, 34.32018823386964)]
    public async Task A_text_file_is_measured_as_by_llama_perplexity(string model, int window, int windows, double perplexity, double error)
    {
        var text = Path.Combine(DemoModel.Repository, "Tests", "Fixtures", "eval", "text.txt");
        var run = await EdgeProcess.RunAsync("perplexity", text, "--model", models[model], "-c", $"{window}", "--json");
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        using var document = JsonDocument.Parse(run.Output);
        Assert.Equal((windows, 3041), (document.RootElement.GetProperty("windows").GetInt32(), document.RootElement.GetProperty("tokens").GetInt32()));
        Assert.InRange(document.RootElement.GetProperty("perplexity").GetDouble() / perplexity, 1 - 1e-4, 1 + 1e-4);
        Assert.InRange(document.RootElement.GetProperty("error").GetDouble() / error, 1 - 1e-3, 1 + 1e-3);
    }

    [Fact]
    public async Task A_second_model_is_compared_with_the_first()
    {
        var text = Path.Combine(_folder, "text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("The gate is open and a red car stands before it.\n", 30)));
        string[] arguments = ["perplexity", text, "--model", models["llama-gqa"], "-c", "32", "--chunks", "2"];
        var same = await EdgeProcess.RunAsync([.. arguments, "--compare", models["llama-gqa"], "--json"]);
        Assert.Equal((0, ""), (same.ExitCode, same.Errors));
        using var document = JsonDocument.Parse(same.Output);
        var compare = document.RootElement.GetProperty("compare");
        Assert.Equal(
            (0.0, 0.0, 1.0, "fp32", document.RootElement.GetProperty("perplexity").GetDouble()),
            (compare.GetProperty("meanKl").GetDouble(), compare.GetProperty("kl95").GetDouble(), compare.GetProperty("sameChoices").GetDouble(),
                compare.GetProperty("precision").GetString(), compare.GetProperty("perplexity").GetDouble()));

        var lossy = Path.Combine(_folder, "int4");
        var import = await EdgeProcess.RunAsync(
            "model", "import", Path.Combine(DemoModel.Repository, "Tests", "Golden", "llama-gqa"), lossy, "--precision", "int4");
        Assert.True(import.ExitCode == 0, import.Errors);
        var readable = await EdgeProcess.RunAsync([.. arguments, "--compare", lossy]);
        Assert.Equal((0, ""), (readable.ExitCode, readable.Errors));
        Assert.Matches(@"KL divergence 0\.\d*[1-9]\d* nats on average, \d+\.\d{6} at the 95th percentile; the same most likely token in \d+\.\d\d ?%", readable.Output);

        var other = await EdgeProcess.RunAsync([.. arguments, "--compare", WithOtherTokenizer(models["llama-gqa"])]);
        Assert.Equal((2, ""), (other.ExitCode, other.Output));
        Assert.Contains("has another tokenizer than", other.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A text is missing")]
    [InlineData("FILE and --ids are two texts", "a.txt", "--ids", "a.ids")]
    [InlineData("FILE: 'none.txt' does not exist. Check the spelling.", "none.txt")]
    [InlineData("is not UTF-8 text (byte 2)", "latin.txt")]
    [InlineData("has 2 tokens, fewer than one window of 512", "short.txt")]
    public async Task A_text_that_cannot_be_measured_is_refused(string reason, params string[] arguments)
    {
        File.WriteAllBytes(Path.Combine(_folder, "latin.txt"), [(byte)'c', (byte)'a', 0xE9, (byte)'!']);
        File.WriteAllText(Path.Combine(_folder, "short.txt"), "a\n");
        string[] paths = [.. arguments.Select(it => it is "latin.txt" or "short.txt" ? Path.Combine(_folder, it) : it)];
        var run = await EdgeProcess.RunAsync(["perplexity", .. paths, "--model", models["llama-gqa"]]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none.ids' does not exist", "none.ids", "-c", "16")]
    [InlineData("line 2: 'two' is not a token id", "word.ids", "-c", "16")]
    [InlineData("line 3: id 99999999 is outside the model's vocabulary (0 to ", "large.ids", "-c", "16")]
    [InlineData("line 1: id -1 is outside", "negative.ids", "-c", "16")]
    [InlineData("has 20 ids, fewer than one window of 64", "short.ids", "-c", "64")]
    [InlineData("is larger than the context of", "short.ids", "-c", "1000000")]
    [InlineData("-c is 8 or more", "short.ids", "-c", "4")]
    [InlineData("--chunks is 1 or more", "short.ids", "--chunks", "0")]
    [InlineData("has no prefill weights", "short.ids", "--prefill")]
    public async Task Wrong_input_is_refused_with_the_reason(string reason, string file, params string[] options)
    {
        File.WriteAllLines(Path.Combine(_folder, "word.ids"), ["1", "two"]);
        File.WriteAllLines(Path.Combine(_folder, "large.ids"), ["1", "", "99999999"]);
        File.WriteAllLines(Path.Combine(_folder, "negative.ids"), ["-1"]);
        File.WriteAllLines(Path.Combine(_folder, "short.ids"), Enumerable.Repeat("5", 20));
        var run = await EdgeProcess.RunAsync(["perplexity", "--ids", Path.Combine(_folder, file), "--model", models["llama-gqa"], .. options]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    /// <summary>A copy of a model folder whose tokenizer file has one more field, which nobody reads.</summary>
    private string WithOtherTokenizer(string model)
    {
        var copy = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        foreach (var file in Directory.GetFiles(model))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        var (tokenizer, manifest) = (Path.Combine(copy, "tokenizer.model"), Path.Combine(copy, "model.json"));
        var before = File.ReadAllBytes(tokenizer);
        byte[] after = [.. before, 0x78, 0x00];
        File.WriteAllBytes(tokenizer, after);
        var text = File.ReadAllText(manifest);
        var entry = text[text.LastIndexOf("\"tokenizer.model\"", StringComparison.Ordinal)..];
        var altered = entry.Replace(Hash(before), Hash(after), StringComparison.Ordinal).Replace($": {before.Length}", $": {after.Length}", StringComparison.Ordinal);
        File.WriteAllText(manifest, text.Replace(entry, altered, StringComparison.Ordinal));
        return copy;

        static string Hash(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
    }

    private string Write(string[] lines)
    {
        var file = Path.Combine(_folder, "text.ids");
        File.WriteAllLines(file, lines);
        return file;
    }

    /// <summary>The golden checkpoints that the tests use, imported once.</summary>
    public sealed class Models : IAsyncLifetime
    {
        private readonly string _root = Directory.CreateTempSubdirectory("mobilevlm-perplexity-models-").FullName;

        public string this[string name] => Path.Combine(_root, name);

        public async Task InitializeAsync()
        {
            foreach (var name in (string[])["llama-gqa", "mobilevlm-v2", "mobilellama"])
            {
                var import = await EdgeProcess.RunAsync(
                    "model", "import", Path.Combine(DemoModel.Repository, "Tests", "Golden", name), this[name], "--precision", "fp32");
                Assert.True(import.ExitCode == 0, import.Errors);
            }
        }

        public Task DisposeAsync()
        {
            Directory.Delete(_root, recursive: true);
            return Task.CompletedTask;
        }
    }
}
