using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Contracts;

/// <summary>Compares what others rely on with the records in <c>Tests/Fixtures/contracts</c>: the command line,
/// configuration keys, environment variables, MQTT topics and payloads, documents of <c>--json</c>, exit codes, metrics,
/// log event ids, and the files that the service keeps. Everything is read from outside, from the built program, its files
/// and its documentation, so that no rename inside the code matters.
/// <para>A contract that changes on purpose is recorded again, and the difference is reviewed like code:
/// <c>UPDATE_CONTRACTS=1 dotnet test Tests/EndToEnd.Tests --filter PublicContractTests</c>.</para></summary>
public sealed partial class PublicContractTests(ContractRun run, ITestOutputHelper output) : IClassFixture<ContractRun>, IDisposable
{
    private static readonly string Image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-contract-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Commands_arguments_options_and_defaults_are_as_recorded() =>
        Contract.Exact("command-line").Compare(await HelpText.ReadCommandsAsync());

    [Fact]
    public void Configuration_keys_with_their_ranges_and_defaults_are_as_recorded()
    {
        var section = "";
        var lines = new List<string>();
        foreach (var line in File.ReadLines(DocumentationPage("configuration.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = line[3..].Replace("\\<", "<", StringComparison.Ordinal);
            }
            else if (KeyRow().Match(line) is { Success: true } row)
            {
                lines.Add($"{section}:{row.Groups["key"].Value} | {Facts(row.Groups["accepted"].Value)} | {DefaultValue(row.Groups["default"].Value.Trim())}");
            }
        }

        Contract.Exact("configuration").Compare(lines);

        static string DefaultValue(string cell) => cell switch
        {
            "**required**" => "required",
            "" or "none" => "none",
            _ when cell[0] == '`' => Facts(cell),
            _ => $"described {Facts(cell)}".TrimEnd(),
        };
    }

    [Fact]
    public void Environment_variables_that_the_program_names_are_as_recorded()
    {
        string[] elsewhere = ["Tests", "bin", "obj", "packaging"];
        var sources = Directory.EnumerateFiles(DemoModel.Repository, "*.cs", SearchOption.AllDirectories).Where(file =>
            !Path.GetRelativePath(DemoModel.Repository, file).Split(Path.DirectorySeparatorChar)
                .Any(part => elsewhere.Contains(part) || part.StartsWith('.')));
        Contract.AtLeast("environment").Compare(
            from file in sources
            from name in VariableName().Matches(File.ReadAllText(file))
            select name.Groups["name"].Value);
    }

    [Fact]
    public void Topics_with_their_qos_and_retain_are_as_recorded() => Contract.Exact("topics").Compare(run.Topics);

    [Fact]
    public void Words_on_topics_are_as_recorded() => Contract.AtLeast("topic-words").Compare(run.Words);

    [Fact]
    public void Members_of_payloads_are_as_recorded() => Contract.AtLeast("payloads").Compare(run.Payloads);

    [Fact]
    public void Schemas_of_payloads_are_as_recorded() => Contract.Exact("schemas").Compare(
        Directory.EnumerateFiles(DocumentationPage("schemas"), "*.json")
            .SelectMany(file => JsonShape.OfSchema(Path.GetFileName(file), File.ReadAllText(file))));

    [Fact]
    public void Metrics_are_as_recorded() => Contract.AtLeast("metrics").Compare(run.Metrics);

    [Fact]
    public void Files_of_the_state_folder_are_as_recorded() => Contract.AtLeast("state-files").Compare(run.State);

    [Fact]
    public async Task Documents_of_json_exit_codes_and_the_model_folder_are_as_recorded()
    {
        var model = Path.Combine(_folder, "model");
        var codes = new List<string>();
        var documents = new List<string>();
        await RunAsync("model import", 0, null, ["model", "import", DemoModel.Checkpoint, model, "--precision", "int4-mixed", "--vision-precision", "w8a8", "--prefill", "auto"]);
        await RunAsync("ask", 0, "ask", ["ask", "--model", model, "--image", Image, "--json", "Describe the scene."]);
        await RunAsync("ask --yes-no", 0, "ask --yes-no", ["ask", "--model", model, "--image", Image, "--yes-no", "--json", "Is there a person?"]);
        await RunAsync("ask --check", 0, "ask --check", ["ask", "--model", model, "--image", Image, "--check", "--json", "Is there no person?"]);
        await RunAsync("scan", 0, "scan", ["scan", DemoModel.Clip, "--model", model, "--ask", "What color is the car?", "--ask", "Is it night?", "--answer", "Choice", "--answer", "YesNo", "--choices", "red,blue", "--to", "2s", "--json"]);
        await RunAsync("scan, several videos, one missing", 1, "scan, several videos", ["scan", DemoModel.Clip, Path.Combine(_folder, "none.mp4"), "--model", model, "--ask", "Is it night?", "--to", "1s", "--json"]);
        await RunAsync("scan, no such video", 2, null, ["scan", Path.Combine(_folder, "none.mp4"), "--model", model, "--ask", "Is it night?"]);
        await RunAsync("ask, no such picture", 2, null, ["ask", "--model", model, "--image", Path.Combine(_folder, "none.jpg"), "Is there a person?"]);
        await RunAsync("generate", 0, "generate", ["generate", "--model", model, "--max-tokens", "2", "--json", "Is there a person?"]);
        var ids = Path.Combine(_folder, "text.ids");
        await File.WriteAllLinesAsync(ids, Enumerable.Range(3, 32).Select(id => id.ToString(CultureInfo.InvariantCulture)));
        await RunAsync("perplexity", 0, "perplexity", ["perplexity", "--model", model, "--ids", ids, "-c", "16", "--json"]);
        var gqa = Path.Combine(DemoModel.Repository, "Tests", "Fixtures", "eval", "data", "gqa");
        await RunAsync("eval", 0, "eval", ["eval", "gqa", "--data", gqa, "--model", model, "--limit", "2", "--max-tokens", "2", "--json"]);
        await RunAsync("model show", 0, "model show", ["model", "show", model, "--json"]);
        await RunAsync("model show, an importer that did not record itself", 0, "model show, old model", ["model", "show", Releases.ReleaseFixture.Model($"{Releases.ReleaseFixture.Release}/models/llama-gqa-int8"), "--json"]);
        await RunAsync("bench", 0, "bench", ["bench", "--model", model, "--repeats", "1", "--only", "encode,questions,pipeline", "--json"]);
        await RunAsync("bench --tune", 0, "bench --tune", ["bench", "--model", model, "--repeats", "1", "--tune", "--json"]);

        var good = WriteConfiguration("good.json", _ => { });
        await RunAsync("config check", 0, "config check", ["config", "check", good, "--json"]);
        var wrong = WriteConfiguration("wrong.json", it => it["Nod"] = "edge-1");
        await RunAsync(
            "config check, a wrong file", 2, "config check, a wrong file", ["config", "check", wrong, "--json"],
            new Dictionary<string, string> { ["MobileVlm__Pipelin"] = "1" });
        await RunAsync("run, a wrong file", 2, null, ["run", "--config", wrong]);
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        var problem = WriteConfiguration("problem.json", it => it["StateFolder"] = Path.Combine(_folder, "file", "state"));
        await RunAsync("doctor, a problem", 1, "doctor", ["doctor", "--config", problem, "--json"]);
        using (var camera = await OnvifTestCamera.StartAsync())
        {
            await File.WriteAllTextAsync(Path.Combine(_folder, "password"), OnvifTestCamera.Password);
            var host = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{camera.Port}");
            await RunAsync("cameras", 0, "cameras", ["cameras", "--timeout", "0.5", "--user", "admin", "--password-file", Path.Combine(_folder, "password"), "--address", host, "--address", camera.Source("basic", user: ""), "--json"]);
        }

        Contract.Exact("exit-codes").Compare(codes);
        Contract.Exact("documents").Compare(documents);
        Contract.Exact("model-folder").Compare(
        [
            .. Directory.GetFiles(model).Select(file => $"file {Path.GetFileName(file)}"),
            .. Directory.GetFiles(model, "*.json").SelectMany(file => JsonShape.Of(Path.GetFileName(file), File.ReadAllText(file))),
        ]);

        async Task RunAsync(string what, int code, string? document, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
        {
            await using var program = EdgeProcess.Start(environment ?? new Dictionary<string, string>(), arguments);
            var ended = await program.ExitAsync(3 * Eventually.Patience);
            Assert.True(ended == code, $"{what}: exit code {ended}, expected {code}\n{program.Output}\n{program.Errors}");
            codes.Add($"{what}: exit code {ended}");
            if (document is not null)
            {
                documents.AddRange(JsonShape.Of(document, program.Output));
            }
        }
    }

    /// <summary>The id and the level are the contract. The category before the id is the name of a class, so it may change; the
    /// output lists such changes.</summary>
    [Fact]
    public void Log_event_ids_and_their_levels_are_as_recorded()
    {
        var contract = Contract.Exact("log-events");
        List<string> found =
        [
            .. File.ReadLines(DocumentationPage("log-events.md")).Select(line => EventRow().Match(line)).Where(row => row.Success)
                .Select(row => $"{row.Groups["name"].Value} {row.Groups["level"].Value.Trim()}"),
        ];
        if (Contract.IsUpdate)
        {
            contract.Compare(found);
            return;
        }

        Assert.NotEmpty(found);
        var gone = contract.Recorded.Except(found).ToList();
        var added = found.Except(contract.Recorded).ToList();
        if (gone.Count + added.Count > 0)
        {
            output.WriteLine($"Recorded under another name: {string.Join(", ", gone)}\nNow: {string.Join(", ", added)}");
        }

        Assert.True(Numbers(gone).SequenceEqual(Numbers(added)), contract.Difference(gone, added));

        static IEnumerable<string> Numbers(IEnumerable<string> lines) =>
            lines.Select(line => line[line.IndexOf('[', StringComparison.Ordinal)..]).Order(StringComparer.Ordinal);
    }

    private static string DocumentationPage(string name) => Path.Combine(DemoModel.Repository, "Deploy", "docs", name);

    /// <summary>Returns the type, the quoted words and the numbers of a cell, without the sentences around them.</summary>
    private static string Facts(string cell) => string.Join(' ', Fact().Matches(cell).Select(match => match.Value));

    private string WriteConfiguration(string name, Action<JsonObject> change)
    {
        var written = ServiceConfiguration.Write(_folder, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        var document = JsonNode.Parse(File.ReadAllText(written))!;
        document["MobileVlm"]!["Mqtt"]!["Port"] = 0;
        change(document["MobileVlm"]!.AsObject());
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        return file;
    }

    [GeneratedRegex(@"^\| `(?<key>[A-Za-z]+)` \| (?<accepted>(?:\\\||[^|])*)\|(?<default>(?:\\\||[^|])*)\|")]
    private static partial Regex KeyRow();

    [GeneratedRegex(@"`[^`]*`|^list|whole number|number|^time|keys|by name|-?\d[\d.:]*")]
    private static partial Regex Fact();

    [GeneratedRegex(@"GetEnvironmentVariable\(""(?<name>\w+)""|""(?<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|LANG|PATH)""")]
    private static partial Regex VariableName();

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z]+\[\d+\])` \|(?<level>[A-Za-z, ]*)\|")]
    private static partial Regex EventRow();
}
