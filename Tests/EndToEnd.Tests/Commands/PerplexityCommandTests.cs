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

    [Theory]
    [InlineData("there is no file", "none.ids", "-c", "16")]
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
            foreach (var name in (string[])["llama-gqa", "mobilevlm-v2"])
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
