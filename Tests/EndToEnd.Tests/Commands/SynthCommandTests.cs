namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>A synthetic checkpoint is created, imported and asked without a download, and each step is called a second time.</summary>
public sealed class SynthCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-synth-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_synthetic_checkpoint_is_imported_once_and_answers()
    {
        var (checkpoint, model) = (At("checkpoint"), At("model"));
        var made = await EdgeProcess.RunAsync(
            "model", "synth", "mobilevlm-v2-1.7b-tiny", checkpoint, "--seed", "5", "--shard-size", "4000000", "--format", "safetensors");
        Assert.Equal((0, ""), (made.ExitCode, made.Output));
        Assert.Contains("Its answers mean nothing", made.Errors, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(checkpoint, "model.safetensors.index.json")));

        var import = await EdgeProcess.RunAsync("model", "import", checkpoint, model, "--precision", "int4");
        Assert.Equal((0, ""), (import.ExitCode, import.Output));
        Assert.Contains("Imported 'checkpoint'", import.Errors, StringComparison.Ordinal);
        var again = await EdgeProcess.RunAsync("model", "import", checkpoint, model, "--precision", "int4");
        Assert.Equal((0, ""), (again.ExitCode, again.Output));
        Assert.Contains("is already in", again.Errors, StringComparison.Ordinal);
        var other = await EdgeProcess.RunAsync("model", "import", checkpoint, model, "--precision", "fp32");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("--force", other.Errors, StringComparison.Ordinal);
        var forced = await EdgeProcess.RunAsync("model", "import", checkpoint, model, "--precision", "fp32", "--force");
        Assert.Equal(0, forced.ExitCode);
        Assert.Contains("Imported 'checkpoint'", forced.Errors, StringComparison.Ordinal);

        var image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");
        var asked = await EdgeProcess.RunAsync("ask", "--model", model, "--image", image, "--yes-no", "--min-mass", "0", "Is there a car?");
        Assert.Equal(0, asked.ExitCode);
        Assert.Matches(@"^(yes|no) \([01]\.\d\d\d\)\n$", asked.Output);
    }

    [Theory]
    [InlineData("'mobilevlm-v2-7b'", "model", "synth", "mobilevlm-v3", "{}/x")]
    [InlineData("--shard-size is at least 1", "model", "synth", "mobilellama-1.4b-tiny", "{}/x", "--shard-size", "0")]
    [InlineData("'safetensors'", "model", "synth", "mobilellama-1.4b-tiny", "{}/x", "--format", "gguf")]
    public async Task Wrong_usage_lists_the_known_names_and_writes_nothing(string message, params string[] arguments)
    {
        var result = await EdgeProcess.RunAsync([.. arguments.Select(a => a.Replace("{}", _folder, StringComparison.Ordinal))]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    private string At(string name) => Path.Combine(_folder, name);
}
