using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.EndToEnd.Tests.Pull;

/// <summary><c>mobilevlm model pull</c> as users run it, with a local server that behaves like the Hugging Face Hub.</summary>
public sealed class PullTests : IDisposable
{
    private const string Text = "mtgv/MobileLLaMA-Tiny";
    private const string Sharded = "mtgv/MobileVLM_V2-Tiny";
    private const string Blind = "mtgv/MobileVLM-Tiny";
    private const string Clip = "openai/clip-vit-large-patch14-336";

    private static readonly string Golden = Path.Combine(DemoModel.Repository, "Tests", "Golden");

    private readonly FakeHub _hub = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-pull-").FullName;

    public PullTests()
    {
        _hub.AddFolder(Text, Path.Combine(Golden, "mobilellama"));
        _hub.Add(Text, "README.md", "---\nlicense: apache-2.0\n---\n# Tiny\n");
    }

    public void Dispose()
    {
        _hub.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_sharded_model_is_pulled_and_answers_like_the_reference()
    {
        // The hub has the model in several formats; only one is needed.
        _hub.AddFolder(Sharded, Path.Combine(Golden, "mobilevlm-v2"));
        _hub.Add(Sharded, "flax_model.msgpack", new byte[5000]);
        _hub.Add(Sharded, "onnx/model.onnx", new byte[5000]);
        _hub.Add(Sharded, "pytorch_model-00003-of-00003.bin", new byte[5000]);
        var pull = await PullAsync(Sharded, At("model"));
        Assert.Equal((0, ""), (pull.ExitCode, pull.Output));
        Assert.Contains("Imported 'MobileVLM_V2-Tiny'", pull.Errors, StringComparison.Ordinal);
        Assert.All(["msgpack", "onnx", "expected", "00003"], unneeded =>
            Assert.DoesNotContain(_hub.Requests, r => r.Path.Contains(unneeded, StringComparison.Ordinal)));
        Assert.Empty(Downloads());

        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden, "mobilevlm-v2", "expected.json")));
        var golden = expected.RootElement[0];
        var ask = await EdgeProcess.RunAsync(
            "ask", "--model", At("model"), "--image", Path.Combine(Golden, "mobilevlm-v2", golden.GetProperty("image").GetString()!),
            "--max-tokens", "24", "--json", golden.GetProperty("question").GetString()!);
        Assert.Equal(0, ask.ExitCode);
        using var answer = JsonDocument.Parse(ask.Output);
        Assert.Equal(
            golden.GetProperty("greedy_ids").EnumerateArray().Select(e => e.GetInt32()),
            answer.RootElement.GetProperty("answers")[0].GetProperty("tokenIds").EnumerateArray().Select(e => e.GetInt32()));
    }

    [Fact]
    public async Task The_tower_comes_from_its_own_repository_when_the_checkpoint_has_no_vision_weights()
    {
        AddBlind();
        var pull = await PullAsync(Blind, At("model"), "--precision", "int4", "--keep");
        Assert.Equal(0, pull.ExitCode);
        var model = ModelFolder.Open(At("model"));
        Assert.Equal(("MobileVLM-Tiny", 64), (model.Manifest.Name, model.Manifest.Vision!.HiddenSize));
        Assert.Contains(_hub.Requests, r => r.Path.StartsWith($"/{Clip}/resolve/", StringComparison.Ordinal) && r.IsFor("pytorch_model.bin"));
        Assert.Equal(
            [
                "config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json",
                "vision_tower/config.json", "vision_tower/preprocessor_config.json", "vision_tower/pytorch_model.bin",
            ],
            Downloads().Select(path => Path.GetRelativePath(Path.Combine(Cache, Blind, FakeHub.Commit, "MobileVLM-Tiny"), path)));

        // Kept files are not downloaded again.
        var served = _hub.Served("model.safetensors");
        Assert.Equal(0, (await PullAsync(Blind, At("again"))).ExitCode);
        Assert.True(_hub.Served("model.safetensors") - served <= 1 << 20);
        Assert.Empty(Downloads());
    }

    [Fact]
    public async Task A_pull_imports_in_any_precision_with_the_users_images_and_replaces_a_model_with_force()
    {
        AddBlind();
        string[] options = ["--precision", "int4-b64-mixed", "--vision-precision", "w8a8", "--calibrate", Path.Combine(Golden, "mobilevlm-v1"), "--keep"];
        var pull = await PullAsync([Blind, At("model"), .. options]);
        Assert.Equal(0, pull.ExitCode);
        Assert.Contains("most likely token the same at", pull.Errors, StringComparison.Ordinal);
        var manifest = ModelFolder.Open(At("model")).Manifest;
        Assert.Equal(("int4-b64", "int8-b64"), (manifest.Precision.Decoder, manifest.Precision.Sensitive));
        Assert.StartsWith("w8a8", manifest.Precision.Vision, StringComparison.Ordinal);
        Assert.Contains("own pictures", manifest.Loss!.Calibration, StringComparison.Ordinal);

        var occupied = await PullAsync(Blind, At("model"), "--precision", "int8");
        Assert.Equal(2, occupied.ExitCode);
        Assert.Contains("--force", occupied.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await PullAsync(Blind, At("model"), "--precision", "int8", "--no-loss-report", "--force")).ExitCode);
        manifest = ModelFolder.Open(At("model")).Manifest;
        Assert.Equal(("int8-b32", null), (manifest.Precision.Decoder, manifest.Loss));
        Assert.StartsWith("w8a", manifest.Precision.Vision, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_of_GGUF_files_gives_the_pair_that_fits()
    {
        const string Id = "owner/MobileVLM-GGUF";
        var folder = Path.Combine(Golden, "gguf");
        foreach (var (name, file) in ((string, string)[])[("a-q4_0.gguf", "mobilevlm-v1/lm.q4_0.gguf"), ("b-f16.gguf", "mobilevlm-v1/mmproj.gguf"), ("c.gguf", "mobilevlm-v2/mmproj.all+feature.gguf"), ("d-q4_1.gguf", "mobilellama/lm.q4_1.gguf")])
        {
            _hub.Add(Id, name, File.ReadAllBytes(Path.Combine(folder, file)));
        }

        var several = await PullAsync(Id, At("model"));
        Assert.Equal(1, several.ExitCode);
        Assert.Contains("Name the decoder's file with --file, and the mmproj file with --mmproj.", several.Errors, StringComparison.Ordinal);
        var pull = await PullAsync(Id, At("model"), "--file", "a-q4_0.gguf", "--no-loss-report");
        Assert.True(pull.ExitCode == 0, pull.Errors);
        var manifest = ModelFolder.Open(At("model")).Manifest;
        Assert.Equal("MobileVLM-GGUF", manifest.Name);
        Assert.Equal(["a-q4_0.gguf", "b-f16.gguf"], manifest.Source.Files);
        Assert.Contains("21 Q4_0 as stored", Assert.Single(manifest.Precision.Kept!), StringComparison.Ordinal);

        // A second mmproj file fits too, and a file of a type that is not read is beside them.
        _hub.Add(Id, "e-q8_0.gguf", File.ReadAllBytes(Path.Combine(folder, "mobilevlm-v1/mmproj.q8_0.gguf")));
        _hub.Add(Id, "f-iq2.gguf", File.ReadAllBytes(Path.Combine(folder, "bad/type-unknown.gguf")));
        several = await PullAsync(Id, At("other"), "--file", "a-q4_0.gguf");
        Assert.Equal(1, several.ExitCode);
        Assert.Contains("a-q4_0.gguf with b-f16.gguf; a-q4_0.gguf with e-q8_0.gguf", several.Errors, StringComparison.Ordinal);
        pull = await PullAsync(Id, At("other"), "--file", "a-q4_0.gguf", "--mmproj", "e-q8_0.gguf", "--no-loss-report");
        Assert.True(pull.ExitCode == 0, pull.Errors);
        Assert.Equal(["a-q4_0.gguf", "e-q8_0.gguf"], ModelFolder.Open(At("other")).Manifest.Source.Files);
    }

    [Fact]
    public async Task Safetensors_are_preferred_and_license_and_name_come_from_the_repository()
    {
        _hub.AddFolder("owner/gqa", Path.Combine(Golden, "llama-gqa"));
        _hub.Add("owner/gqa", "pytorch_model.bin", new byte[5000]);
        _hub.Add("owner/gqa", "README.md", "---\nlicense: mit\n---\n");
        Assert.Equal(0, (await PullAsync("owner/gqa")).ExitCode);
        var manifest = ModelFolder.Open(At("models/gqa")).Manifest;
        Assert.Equal(("gqa", "mit", "model.safetensors"), (manifest.Name, manifest.License, manifest.Source.Files.Single()));
        Assert.DoesNotContain(_hub.Requests, r => r.IsFor("pytorch_model.bin"));
    }

    [Fact]
    public async Task After_kill_9_the_next_run_fetches_only_the_rest()
    {
        var size = _hub.Content(Text, "pytorch_model.bin").Length;
        const int before = 400_000;
        _hub.Script = request => request.Store ? new FakeHubFault { StallAfter = before } : null;
        await using (var first = Start([Text, At("model")]))
        {
            await Eventually.TrueAsync(
                () => Downloads().Any(p => p.EndsWith(".part", StringComparison.Ordinal) && new FileInfo(p).Length == before),
                $"the download has reached {before} bytes");
            first.Kill();
            await first.ExitAsync();
        }

        Assert.DoesNotContain(Downloads(), path => path.EndsWith("pytorch_model.bin", StringComparison.Ordinal));
        Assert.False(Directory.Exists(At("model")));

        _hub.Script = _ => null;
        var second = await PullAsync(Text, At("model"));
        Assert.Equal(0, second.ExitCode);
        var rest = _hub.Requests.Last(r => r.Store && r.IsFor("pytorch_model.bin"));
        Assert.Equal((before, size - before), (rest.From, rest.Served));
        Assert.Contains("are here already", second.Errors, StringComparison.Ordinal);
        Assert.Empty(Downloads());
    }

    [Fact]
    public async Task After_kill_9_in_the_import_the_next_run_imports_without_downloading()
    {
        const string demo = "owner/demo";
        _hub.AddFolder(demo, DemoModel.Checkpoint);
        // If the import ends before it is killed, the test tries again.
        for (var attempt = 0; ; attempt++)
        {
            await using var first = Start([demo, At("model")]);
            await Eventually.TrueAsync(() => Directory.GetDirectories(_folder, "model*").Length > 0, "the model's folder");
            first.Kill();
            await first.ExitAsync();
            if (!Directory.Exists(At("model")))
            {
                break;
            }

            Assert.True(attempt < 10, "The import always ended before it was killed.");
            Directory.Delete(At("model"), recursive: true);
        }

        var asked = _hub.Requests.Count;
        Assert.Equal(0, (await PullAsync(demo, At("model"))).ExitCode);
        ModelFolder.Open(At("model")).Verify();
        Assert.True(_hub.Requests.Skip(asked).Sum(r => r.Served) < 1_500_000, "More was downloaded than lists, configuration and the beginning of a file.");
        Assert.Equal([At("model")], Directory.GetDirectories(_folder, "model*"));
        Assert.Empty(Downloads());
    }

    [Fact]
    public async Task Ctrl_C_keeps_the_partial_file_and_reports_it()
    {
        _hub.Script = request => request.Store && request.IsFor("pytorch_model.bin") ? new FakeHubFault { StallAfter = 1000 } : null;
        await using var pull = Start([Text, At("model")]);
        await Eventually.TrueAsync(
            () => Downloads().Any(p => p.EndsWith(".part", StringComparison.Ordinal) && new FileInfo(p).Length == 1000),
            "the download has reached 1000 bytes");
        pull.Terminate();
        Assert.NotEqual(0, await pull.ExitAsync());
        Assert.Contains("resumes where this one stopped", pull.Errors, StringComparison.Ordinal);
        Assert.Contains(Downloads(), path => path.EndsWith("pytorch_model.bin.part", StringComparison.Ordinal));
        Assert.False(Directory.Exists(At("model")));
    }

    [Fact]
    public async Task A_token_from_a_file_goes_to_the_hub_and_nowhere_else()
    {
        File.WriteAllText(At("token"), "hf_secret\n");
        _hub.Script = request => !request.Store && request.Token is null ? new FakeHubFault { Status = 401 } : null;
        var without = await PullAsync(Text, At("model"));
        Assert.Equal(1, without.ExitCode);
        Assert.Contains("--token-file", without.Errors, StringComparison.Ordinal);

        var with = await PullAsync(Text, At("model"), "--token-file", At("token"));
        Assert.Equal(0, with.ExitCode);
        Assert.All(_hub.Requests.Where(r => r.Store), request => Assert.Null(request.Token));
        Assert.DoesNotContain("hf_secret", with.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_does_not_fit_on_the_disk_is_refused_before_the_download()
    {
        _hub.Listing = listing =>
        {
            var weights = listing["siblings"]!.AsArray().Single(s => s!["rfilename"]!.GetValue<string>() == "pytorch_model.bin")!;
            weights["lfs"]!["size"] = 5_000_000_000_000_000;
        };
        var pull = await PullAsync(Text, At("model"));
        Assert.Equal(1, pull.ExitCode);
        Assert.Contains("Not enough disk", pull.Errors, StringComparison.Ordinal);
        Assert.Contains("5000000.", pull.Errors, StringComparison.Ordinal);
        Assert.Contains(" free", pull.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(_hub.Requests, r => r.Store);
        Assert.False(Directory.Exists(At("model")));
    }

    [Fact]
    public async Task Wrong_bytes_and_weights_that_do_not_fit_together_leave_nothing_under_the_final_name()
    {
        var weights = _hub.Content(Text, "pytorch_model.bin").ToArray();
        weights[^1000] ^= 1;
        _hub.Script = request => request.Store && request.IsFor("pytorch_model.bin") ? new FakeHubFault { Body = weights } : null;
        var altered = await PullAsync(Text, At("model"));
        Assert.Equal(1, altered.ExitCode);
        Assert.Contains("SHA-256", altered.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(Downloads(), path => path.Contains("pytorch_model", StringComparison.Ordinal));

        // The damaged file is published with its own checksum, so it is downloaded; the importer refuses it.
        _hub.Script = _ => null;
        _hub.Add(Text, "pytorch_model.bin", weights[..(weights.Length / 2)]);
        var damaged = await PullAsync(Text, At("model"));
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("pytorch_model.bin", damaged.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", damaged.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder, "model*"));
    }

    [Fact]
    public async Task A_shard_path_outside_of_the_repository_is_refused()
    {
        _hub.AddFolder(Sharded, Path.Combine(Golden, "mobilevlm-v2"));
        _hub.Add(Sharded, "pytorch_model.bin.index.json", """{"weight_map":{"a":"../../x.bin"}}""");
        var pull = await PullAsync(Sharded, At("model"));
        Assert.Equal(1, pull.ExitCode);
        Assert.Contains("../../x.bin", pull.Errors, StringComparison.Ordinal);
        Assert.Empty(Downloads());
    }

    [Fact]
    public async Task A_bundle_carries_a_model_to_a_device_without_internet()
    {
        AddBlind();
        var bundle = At("bundle.tar");
        Assert.Equal(0, (await PullAsync(Blind, "--offline-bundle", bundle)).ExitCode);
        Assert.Empty(Downloads());
        Assert.False(Directory.Exists(At("models")));
        Assert.Equal(2, (await PullAsync(Blind, "--offline-bundle", bundle)).ExitCode);

        var asked = _hub.Requests.Count;
        var import = await PullAsync("--offline-bundle", bundle, "--dir", At("carried"));
        Assert.Equal(0, import.ExitCode);
        Assert.Equal(asked, _hub.Requests.Count);
        Assert.Empty(Downloads());
        Assert.Equal(0, (await PullAsync(Blind, At("direct"))).ExitCode);
        var (carried, direct) = (ModelFolder.Open(At("carried")).Manifest, ModelFolder.Open(At("direct")).Manifest);
        Assert.Equal(direct.Name, carried.Name);
        Assert.Equal(direct.Files, carried.Files);

        var bytes = File.ReadAllBytes(bundle);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(bundle, bytes);
        var damaged = await PullAsync("--offline-bundle", bundle, "--dir", At("damaged"));
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("SHA-256", damaged.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("damaged")));
        Assert.Empty(Downloads());
    }

    [Theory]
    [InlineData(2, "OWNER/NAME", "../x")]
    [InlineData(2, "Name a repository")]
    [InlineData(2, "not the address of a hub", "a/b", "--hub", "ftp://x")]
    [InlineData(2, "not the address of a hub", "a/b", "--hub", "nonsense")]
    [InlineData(2, "plain http", "a/b", "--hub", "http://example.org", "--token-file", "{}/token")]
    [InlineData(2, "does not exist", "a/b", "--token-file", "{}/nothing")]
    [InlineData(2, "does not exist", "--offline-bundle", "{}/nothing")]
    [InlineData(2, "--revision", "a/b", "--revision", "..")]
    [InlineData(2, "--mmproj has no effect without an ID", "--offline-bundle", "{}/token", "--mmproj", "m.gguf")]
    [InlineData(2, "--revision has no effect without an ID", "--offline-bundle", "{}/token", "--revision", "main")]
    [InlineData(2, "--dir has no effect with DIR", "a/b", "x", "--dir", "y")]
    [InlineData(2, "--precision has no effect when an archive is written", "a/b", "--offline-bundle", "{}/b.tar", "--precision", "int8")]
    [InlineData(2, "int2", "a/b", "--precision", "int2")]
    [InlineData(2, "Unknown vision encoder precision 'int3'. Supported: fp32", "a/b", "--vision-precision", "int3")]
    [InlineData(2, "--calibrate: the folder", "a/b", "--precision", "int4", "--calibrate", "{}/nothing")]
    [InlineData(2, "chooses by measuring", "a/b", "--precision", "auto", "--no-loss-report")]
    [InlineData(2, "not an empty folder", Text, "{}")]
    [InlineData(2, "not an empty folder", Text, "{}", "--force")]
    [InlineData(1, "404", "owner/nothing")]
    [InlineData(1, "not a bundle", "--offline-bundle", "{}/token")]
    public async Task Wrong_usage_is_reported_with_its_exit_code(int code, string message, params string[] arguments)
    {
        File.WriteAllText(At("token"), "hf_secret\n");
        var pull = await PullAsync([.. arguments.Select(a => a.Replace("{}", _folder, StringComparison.Ordinal))]);
        Assert.Equal((code, ""), (pull.ExitCode, pull.Output));
        Assert.Contains(message, pull.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", pull.Errors, StringComparison.Ordinal);
    }

    private string Cache => At("cache/mobilevlm/hub");

    private string At(string name) => Path.Combine(_folder, name);

    /// <summary>Adds a checkpoint whose vision weights are in their own repository, which mm_vision_tower names.</summary>
    private void AddBlind()
    {
        var source = Path.Combine(Golden, "mobilevlm-v1-separate-tower");
        _hub.AddFolder(Clip, Path.Combine(source, "clip"));
        foreach (var file in (string[])["tokenizer.model", "tokenizer_config.json", "model.safetensors"])
        {
            _hub.Add(Blind, file, File.ReadAllBytes(Path.Combine(source, file)));
        }

        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!;
        config["mm_vision_tower"] = Clip;
        _hub.Add(Blind, "config.json", config.ToJsonString());
    }

    /// <summary>The files in the download cache without locks.</summary>
    private string[] Downloads() => Directory.Exists(Cache)
        ? [.. Directory.GetFiles(Cache, "*", SearchOption.AllDirectories).Where(p => !p.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];

    private EdgeProcess Start(string[] arguments) => EdgeProcess.Start(
        new Dictionary<string, string>
        {
            ["XDG_CACHE_HOME"] = At("cache"),
            ["MOBILEVLM_HUB"] = _hub.Address.ToString(),
        },
        _folder,
        ["model", "pull", .. arguments]);

    private async Task<(int ExitCode, string Output, string Errors)> PullAsync(params string[] arguments)
    {
        await using var pull = Start(arguments);
        var code = await pull.ExitAsync();
        return (code, pull.Output, pull.Errors);
    }
}
