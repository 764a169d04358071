using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>The command line as users and scripts call it: output, output streams and exit codes.</summary>
public sealed class CommandLineTests : IDisposable
{
    private static readonly string Golden = Path.Combine(DemoModel.Repository, "Tests", "Golden");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-cli-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Import_then_ask_prints_one_json_document_with_the_reference_ids()
    {
        var model = At("model");
        var import = await EdgeProcess.RunAsync("model", "import", Path.Combine(Golden, "mobilevlm-v2"), model, "--precision", "fp32");
        Assert.Equal(0, import.ExitCode);
        Assert.Equal("", import.Output);
        Assert.Contains("Imported 'mobilevlm-v2'", import.Errors, StringComparison.Ordinal);

        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden, "mobilevlm-v2", "expected.json")));
        var golden = expected.RootElement[0];
        var question = golden.GetProperty("question").GetString()!;
        var image = Path.Combine(Golden, "mobilevlm-v2", golden.GetProperty("image").GetString()!);
        var ask = await EdgeProcess.RunAsync("ask", "--model", model, "--image", image, "--max-tokens", "24", "--json", question, "What else?");

        Assert.Equal(0, ask.ExitCode);
        Assert.Equal("", ask.Errors);
        using var document = JsonDocument.Parse(ask.Output);
        Assert.Equal("mobilevlm-v2", document.RootElement.GetProperty("model").GetString());
        Assert.Equal(144, document.RootElement.GetProperty("visualTokens").GetInt32());
        Assert.Equal(image, document.RootElement.GetProperty("image").GetString());
        Assert.Equal(2, document.RootElement.GetProperty("answers").GetArrayLength());
        var answer = document.RootElement.GetProperty("answers")[0];
        Assert.Equal(question, answer.GetProperty("question").GetString());
        Assert.Equal(Ids(golden, "greedy_ids"), Ids(answer, "tokenIds"));
        Assert.Equal(Ids(golden, "before_ids"), Ids(answer.GetProperty("promptTokenIds"), "before"));
        Assert.Equal(Ids(golden, "after_ids"), Ids(answer.GetProperty("promptTokenIds"), "after"));
        Assert.Equal("length", answer.GetProperty("finish").GetString());
        Assert.All(["encodeMs", "prefillMs", "decodeMs"], name =>
            Assert.True(answer.GetProperty("timings").GetProperty(name).GetDouble() > 0));
    }

    [Fact]
    public async Task Generate_completes_a_text_and_show_describes_the_model()
    {
        var model = At("model");
        Assert.Equal(0, (await EdgeProcess.RunAsync("model", "import", Path.Combine(Golden, "llama-gqa"), model, "--precision", "int4")).ExitCode);
        var generated = await EdgeProcess.RunAsync("generate", "--model", model, "--max-tokens", "8", "--json", "Is there a person?");
        Assert.Equal(0, generated.ExitCode);
        using var document = JsonDocument.Parse(generated.Output);
        Assert.Equal([1, 278, 296, 269, 318, 774], Ids(document.RootElement.GetProperty("promptTokenIds"), "before"));
        Assert.Equal(8, document.RootElement.GetProperty("tokenIds").GetArrayLength());

        var shown = await EdgeProcess.RunAsync("model", "show", model);
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("int4-b32", shown.Output, StringComparison.Ordinal);
        Assert.Contains("embeddings.bin", shown.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await EdgeProcess.RunAsync("model", "verify", model)).ExitCode);

        var blind = await EdgeProcess.RunAsync("ask", "--model", model, "--image", Path.Combine(Golden, "mobilevlm-v2", "case0.png"), "What is it?");
        Assert.Equal(2, blind.ExitCode);
        Assert.Contains("text-only", blind.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_measures_the_loss_of_a_precision_and_show_prints_it()
    {
        var model = At("model");
        var import = await EdgeProcess.RunAsync(
            "model", "import", DemoModel.Checkpoint, model, "--precision", "int4-mixed", "--vision-precision", "w8a8",
            "--calibrate", Path.Combine(Golden, "mobilevlm-v2"));
        Assert.Equal((0, ""), (import.ExitCode, import.Output));
        Assert.Contains("most likely token the same at", import.Errors, StringComparison.Ordinal);

        var shown = await EdgeProcess.RunAsync("model", "show", model);
        Assert.Equal(0, shown.ExitCode);
        foreach (var part in (string[])[
            "decoder int4-b32, sensitive layers int8-b32, head int8-b32",
            "weighted by activations", "against float32, on 1 held-out own pictures, 6 questions; calibrated with 2 own pictures, 8 questions", "only 3 scenes, so others may lose more", "vision: cosine ", "as served: ", "verdict: "])
        {
            Assert.Contains(part, shown.Output, StringComparison.Ordinal);
        }

        // Signed or unsigned, whichever this processor multiplies faster.
        Assert.Matches("vision w8a8[su], inputs with outliers w8a8[su]-e32", shown.Output);
        using var manifest = JsonDocument.Parse((await EdgeProcess.RunAsync("model", "show", model, "--json")).Output);
        Assert.InRange(manifest.RootElement.GetProperty("loss").GetProperty("vision").GetProperty("lowestCosine").GetDouble(), 0.99, 1);
    }

    [Fact]
    public async Task Verify_detects_a_model_with_other_results_and_the_service_and_the_doctor_refuse_it()
    {
        var fine = await EdgeProcess.RunAsync("model", "verify", DemoModel.Folder.FolderPath);
        Assert.Equal((0, ""), (fine.ExitCode, fine.Output));
        Assert.Matches(@"OK: \d+ files of '[^']+' match \([\d.]+ MiB\), self-test passed \(\d\d tokens as at import; the test image's tokens differ by 0\.0\d\d ?% of their length\)\.", fine.Errors);

        Copy(DemoModel.Folder.FolderPath, At("model"));
        var manifest = JsonNode.Parse(File.ReadAllText(At("model/model.json")))!;
        manifest["selfTest"]!["steps"]![2]!["id"] = 11;
        File.WriteAllText(At("model/model.json"), manifest.ToJsonString());
        var config = ServiceConfiguration.Write(_folder, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip }, model: At("model"));
        foreach (var (code, command) in ((int, string[])[])[(2, ["model", "verify", At("model")]), (2, ["run", "--config", config]), (1, ["doctor", "--config", config])])
        {
            var refused = await EdgeProcess.RunAsync(command);
            Assert.Equal(code, refused.ExitCode);
            Assert.Contains("at import it was 11", refused.Output + refused.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", refused.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Verify_measures_the_loss_again_on_another_processor_and_says_what_changed()
    {
        Assert.Equal(0, (await EdgeProcess.RunAsync("model", "import", DemoModel.Checkpoint, At("int8"), "--precision", "int8")).ExitCode);
        var same = await EdgeProcess.RunAsync("model", "verify", At("int8"));
        Assert.Equal(0, same.ExitCode);
        Assert.Contains("Loss: measured at import on this kind of processor with these kernels; --loss measures it again.", same.Errors, StringComparison.Ordinal);

        var manifest = JsonNode.Parse(File.ReadAllText(At("int8/model.json")))!;
        manifest["loss"]!["machine"]!["processor"] = "Another Processor 9000";
        File.WriteAllText(At("int8/model.json"), manifest.ToJsonString());
        var other = await EdgeProcess.RunAsync("model", "verify", At("int8"));
        Assert.Equal(0, other.ExitCode);
        Assert.Contains("at import Another Processor 9000), so it is measured again.", other.Errors, StringComparison.Ordinal);
        Assert.Matches(@"OK   shift of P\(yes\) 0\.\d+, at most [\d.]+ \(as at import: 0\.\d+\)", other.Errors);
        Assert.Contains("Loss: within the limits on this machine too.", other.Errors, StringComparison.Ordinal);

        // A loss that was far smaller on the other machine, and a limit that it exceeds here.
        var gate = manifest["loss"]!["gates"]!.AsArray().Single(it => it!["name"]!.GetValue<string>() == "yesShift")!;
        gate["value"] = 0;
        File.WriteAllText(At("int8/model.json"), manifest.ToJsonString());
        Assert.Contains("(worse than at import: 0.0000)", (await EdgeProcess.RunAsync("model", "verify", At("int8"))).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_are_written_as_text_on_standard_output_alone()
    {
        var image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");
        var text = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", image, "Can you see a car?");
        Assert.Equal((0, "Yes\n", ""), text);
        var scored = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", image, "--yes-no", "Can you see a car?");
        Assert.Equal(0, scored.ExitCode);
        Assert.Matches(@"^yes \(0\.9\d\d\)|^yes \(1\.000\)", scored.Output);
    }

    [Fact]
    public async Task A_question_that_is_not_answered_with_yes_or_no_is_unknown_and_the_prompt_can_be_seen()
    {
        var image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");
        string[] ask = ["ask", "--model", DemoModel.Folder.FolderPath, "--image", image, "--yes-no"];

        var shown = await EdgeProcess.RunAsync([.. ask, "--show-prompt", "What color is the car?"]);
        Assert.Matches(
            @"USER: <image>\nWhat color is the car\? ASSISTANT:\nunknown \('yes' and 'no' together have a probability of 0\.0\d\d, less than 0\.2: ",
            shown.Output);

        using var unknown = JsonDocument.Parse((await EdgeProcess.RunAsync([.. ask, "--json", "What color is the car?"])).Output);
        var answer = unknown.RootElement.GetProperty("answers")[0];
        Assert.Equal(("unknown", "notYesNo"), (answer.GetProperty("value").GetString(), answer.GetProperty("reason").GetString()));
        Assert.InRange(answer.GetProperty("mass").GetDouble(), 0, 0.1);

        using var accepted = JsonDocument.Parse(
            (await EdgeProcess.RunAsync([.. ask, "--json", "--show-prompt", "--min-mass", "0", "--suffix", "Answer yes or no.", "What color is the car?"])).Output);
        answer = accepted.RootElement.GetProperty("answers")[0];
        Assert.Contains(answer.GetProperty("value").GetString(), (string[])["yes", "no"]);
        Assert.EndsWith("What color is the car?\nAnswer yes or no. ASSISTANT:", answer.GetProperty("prompt").GetString(), StringComparison.Ordinal);

        // A question that it was trained on has all the mass.
        using var known = JsonDocument.Parse((await EdgeProcess.RunAsync([.. ask, "--json", "Can you see a car?"])).Output);
        Assert.InRange(known.RootElement.GetProperty("answers")[0].GetProperty("mass").GetDouble(), 0.99, 1);
    }

    [Theory]
    [InlineData(2, "does not exist", "ask", "--model", "{}/nothing", "--image", "x.png", "q")]
    [InlineData(2, "Required argument missing", "ask", "--model", "{}", "--image", "x.png")]
    [InlineData(2, "--model", "ask", "--image", "x.png", "q")]
    [InlineData(2, "--max-tokens is 1 to 4096", "ask", "--model", "{}", "--image", "x.png", "--max-tokens", "0", "q")]
    [InlineData(2, "unknown", "unknown")]
    [InlineData(2, "'rnu' is not a command. Did you mean 'run'?", "rnu", "--config", "x")]
    [InlineData(2, "'pul' is not a command. Did you mean 'pull'?", "model", "pul", "x")]
    [InlineData(2, "'chekc' is not a command. Did you mean 'check'?", "config", "chekc")]
    [InlineData(2, "A command is missing. Known: check, export-questions.", "config")]
    [InlineData(2, "'--confg' is not an option of 'mobilevlm run'. Did you mean '--config'?", "run", "--confg", "x")]
    [InlineData(2, "'--versoin' is not an option of 'mobilevlm'. Did you mean '--version'?", "--versoin")]
    [InlineData(2, "'--modle' is not an option of 'mobilevlm ask'. Did you mean '--model'?", "ask", "--modle", "x", "--image", "y", "q")]
    [InlineData(2, "Did you mean '--yes-no'? To pass it as text, write -- before it", "ask", "--model", "x", "--image", "y", "--yesno", "q")]
    [InlineData(2, "'x' is one argument too many", "doctor", "x")]
    [InlineData(2, "SOURCE is empty", "model", "import", "", "{}/out")]
    [InlineData(2, "--config is empty", "run", "--config", "")]
    [InlineData(2, "Cannot parse argument '99999999999999999999'", "model", "synth", "mobilevlm-1.7b-tiny", "{}/s", "--shard-size", "99999999999999999999")]
    [InlineData(2, "Cannot parse argument 'many'", "ask", "--model", "x", "--image", "y", "--max-tokens", "many", "q")]
    [InlineData(2, "--broker: 'foo' is not a broker address", "demo", "--broker", "foo")]
    [InlineData(2, "is a folder. Name a file", "model", "pull", "a/b", "--token-file", "{}")]
    [InlineData(2, "is a folder", "model", "pull", "--offline-bundle", "{}")]
    [InlineData(2, "is a folder", "run", "--config", "{}")]
    [InlineData(2, "is a folder", "config", "check", "{}")]
    [InlineData(2, "does not exist", "run", "--config", "{}/nothing.json")]
    [InlineData(1, "config.json", "model", "import", "{}", "{}/out")]
    [InlineData(2, "fp32", "model", "import", "{}", "{}/out", "--precision", "int2")]
    [InlineData(2, "w8a8", "model", "import", "{}", "{}/out", "--vision-precision", "int2")]
    [InlineData(2, "auto chooses by measuring", "model", "import", "{}", "{}/out", "--precision", "auto", "--no-loss-report")]
    [InlineData(2, "contains no picture", "model", "import", "{}", "{}/out", "--calibrate", "{}")]
    [InlineData(2, "/nothing' does not exist", "model", "import", "{}", "{}/out", "--calibrate", "{}/nothing")]
    [InlineData(2, "/nothing' does not exist", "model", "import", "{}", "{}/out", "--vision-tower", "{}/nothing")]
    [InlineData(2, "--min-mass has no effect without --yes-no. Add --yes-no, or leave --min-mass out.", "ask", "--model", "x", "--image", "y", "--min-mass", "0", "q")]
    [InlineData(2, "--min-mass has no effect without --yes-no", "ask", "--model", "x", "--image", "y", "--min-mass", "0", "--yes-no", "false", "q")]
    [InlineData(2, "--temperature has no effect with --yes-no", "ask", "--model", "x", "--image", "y", "--temperature", "1", "--yes-no", "q")]
    [InlineData(2, "--top-p has no effect without --temperature", "generate", "--model", "x", "--top-p", "0.5", "q")]
    [InlineData(2, "--seed has no effect without --temperature", "generate", "--model", "x", "--seed", "3", "q")]
    [InlineData(2, "--only has no effect with --tune", "bench", "--model", "x", "--tune", "--only", "encode")]
    [InlineData(2, "--compare-to has no effect with --tune", "bench", "--model", "x", "--tune", "--compare-to", "y")]
    public async Task Wrong_usage_is_reported_with_its_exit_code(int code, string message, params string[] arguments)
    {
        var result = await EdgeProcess.RunAsync([.. arguments.Select(a => a.Replace("{}", _folder, StringComparison.Ordinal))]);
        Assert.Equal((code, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, result.Errors, StringComparison.OrdinalIgnoreCase);

        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_or_damaged_image_is_named()
    {
        var missing = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", At("no.jpg"), "q");
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("no.jpg", missing.Errors, StringComparison.Ordinal);

        var scene = File.ReadAllBytes(Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg"));
        File.WriteAllBytes(At("cut.jpg"), scene[..(scene.Length / 2)]);
        var cut = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", At("cut.jpg"), "q");
        Assert.Equal(1, cut.ExitCode);
        Assert.Contains("truncated", cut.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_checkpoint_is_refused_and_leaves_nothing()
    {
        var source = At("cut");
        Copy(DemoModel.Checkpoint, source);
        var weights = Path.Combine(source, "pytorch_model.bin");
        using (var file = File.Open(weights, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        var result = await EdgeProcess.RunAsync("model", "import", source, At("out"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("truncated", result.Errors, StringComparison.Ordinal);
        Assert.Equal(["cut"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_hostile_pickle_is_refused_and_not_run()
    {
        var source = At("hostile");
        Copy(DemoModel.Checkpoint, source);
        var proof = At("owned");
        HostileArchive.Write(Path.Combine(source, "pytorch_model.bin"), $"touch {proof}");

        var result = await EdgeProcess.RunAsync("model", "import", source, At("out"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("posix", result.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(proof));
        Assert.False(Directory.Exists(At("out")));
    }

    [Fact]
    public async Task A_checkpoint_whose_sizes_disagree_is_refused_with_both_shapes()
    {
        var source = At("wrong");
        Copy(DemoModel.Checkpoint, source);
        var config = Path.Combine(source, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"intermediate_size\": 352", "\"intermediate_size\": 384", StringComparison.Ordinal));

        var result = await EdgeProcess.RunAsync("model", "import", source, At("out"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("352", result.Errors, StringComparison.Ordinal);
        Assert.Contains("384", result.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("out")));
    }

    [Fact]
    public async Task A_checkpoint_that_lacks_a_tensor_or_its_weights_is_refused_by_name()
    {
        var source = At("lacking");
        Copy(DemoModel.Checkpoint, source);
        var config = Path.Combine(source, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4", StringComparison.Ordinal));
        var tensor = await EdgeProcess.RunAsync("model", "import", source, At("out"));
        Assert.Equal(1, tensor.ExitCode);
        Assert.Contains("model.layers.3.", tensor.Errors, StringComparison.Ordinal);

        File.Delete(Path.Combine(source, "pytorch_model.bin"));
        var file = await EdgeProcess.RunAsync("model", "import", source, At("out"));
        Assert.Equal(1, file.ExitCode);
        Assert.Contains("pytorch_model.bin", file.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("out")));
    }

    [Theory]
    [InlineData("/dev/full", "No space left on device", "model", "show")]
    [InlineData("/dev/full", "No space left on device", "ask", "--json")]
    [InlineData("/dev/full", "No space left on device", "generate")]
    [InlineData("&-", "Standard output is closed", "model", "show")]
    [InlineData("&-", "Standard output is closed", "ask")]
    public async Task An_output_that_cannot_be_written_is_a_message(string output, string message, params string[] command)
    {
        var model = DemoModel.Folder.FolderPath;
        var arguments = command[0] switch
        {
            "model" => $"model show {model}",
            "ask" => $"ask --model {model} --image {Path.Combine(DemoModel.Repository, "Tests/Demo/heldout/scene000.jpg")} {(command.Length > 1 ? "--json" : "")} q",
            _ => $"generate --model {model} --max-tokens 2 hi",
        };
        var result = await EdgeProcess.RunShellAsync($"{arguments} >{output}");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_tokens_than_the_context_has_are_cut_with_a_message()
    {
        var image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");
        var cut = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--image", image, "--max-tokens", "4096", "Describe the scene.");
        Assert.Equal(0, cut.ExitCode);
        Assert.Matches(@"--max-tokens 4096: the model's context of 512 tokens has space for an answer of \d+; it ends there", cut.Errors);

        var tooLong = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--image", image, string.Concat(Enumerable.Repeat("zq ", 1000)));
        Assert.Equal((1, ""), (tooLong.ExitCode, tooLong.Output));
        Assert.Contains("do not fit", tooLong.Errors, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static int[] Ids(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
