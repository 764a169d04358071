using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Inference.Tests.Import;

/// <summary>Imports that must not happen leave nothing, and the ones that happen report their progress.</summary>
public sealed class ModelImporterTests
{
    public static TheoryData<string, string> Imports
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in (string[])["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower", "mobilellama", "llama-gqa"])
            {
                data.Add(name, "fp32");
                data.Add(name, "int4");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Imports))]
    public void Progress_only_grows_and_ends_at_its_total(string name, string precision)
    {
        using var folder = new TemporaryFolder();
        var reports = new Reports();
        ModelImporter.Import(GoldenFolder.Path(name), folder["model"], PrecisionPlan.Parse(precision), reports);
        Assert.NotEmpty(reports.All);
        Assert.Single(reports.All.Select(r => r.BytesTotal).Distinct());
        Assert.All(reports.All, r => Assert.InRange(r.BytesDone, 1, r.BytesTotal));
        Assert.Equal(reports.All.OrderBy(r => r.BytesDone), reports.All);
        Assert.Equal(reports.All[^1].BytesTotal, reports.All[^1].BytesDone);
    }

    [Theory]
    [MemberData(nameof(Imports))]
    public void The_manifest_lists_what_is_in_the_folder_and_nothing_else(string name, string precision)
    {
        var folder = GoldenModel.Get(name, precision).Folder;
        var files = Directory.EnumerateFileSystemEntries(folder.FolderPath).Select(f => Path.GetFileName(f)).Order();
        Assert.Equal(files, folder.Manifest.Files.Select(f => f.Path).Append("model.json").Order());
        folder.Verify();
    }

    [Fact]
    public void The_same_checkpoint_gives_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var again = ModelImporter.Import(GoldenFolder.Path("mobilellama"), folder["again"], PrecisionPlan.Int4);
        Assert.Equal(GoldenModel.Get("mobilellama", "int4").Folder.Manifest.Files, again.Manifest.Files);
    }

    [Fact]
    public void An_occupied_target_is_refused_and_left_alone()
    {
        using var folder = new TemporaryFolder();
        folder.Write("model/notes.txt", "mine");
        var refusal = Assert.Throws<ModelFolderException>(() => Import("mobilellama", folder["model"]));
        Assert.Contains("it exists and is not empty. Name another folder", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder["model/notes.txt"]));

        folder.Write("file", "mine too");
        refusal = Assert.Throws<ModelFolderException>(() => Import("mobilellama", folder["file"]));
        Assert.Contains("it is a file. Name a folder", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["file", "model"], Entries(folder));
    }

    [Fact]
    public void An_empty_target_is_used_with_or_without_a_slash_behind_it()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["model"]);
        Assert.Equal(folder["model"], Import("mobilellama", folder["model"] + "/").FolderPath);
        Assert.Equal(["model"], Entries(folder));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(60)]
    public void A_cancelled_import_leaves_nothing(int reports)
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        var seen = 0;
        var progress = new Reports(_ =>
        {
            if (++seen == reports)
            {
                cancel.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(() => ModelImporter.Import(
            GoldenFolder.Path("mobilevlm-v1"), folder["model"], PrecisionPlan.Int4, progress, cancel: cancel.Token));
        Assert.Equal(reports, seen);
        Assert.Empty(Entries(folder));
    }

    [Fact]
    public void A_failure_on_the_way_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<IOException>(() => ModelImporter.Import(
            GoldenFolder.Path("mobilevlm-v1"), folder["model"], PrecisionPlan.Fp32,
            new Reports(r => throw new IOException($"No space left, at {r.Tensor}."))));
        Assert.Empty(Entries(folder));
    }

    [SmallDiskFact]
    public void A_full_disk_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        using var disk = SmallDisk.Mount(folder.Path, "size=1m");
        var full = Assert.Throws<IOException>(() => Import("mobilevlm-v2", Path.Combine(disk.Path, "model")));
        Assert.Contains("No space left", full.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Path));
    }

    [Fact]
    public void A_target_in_a_place_that_cannot_be_written_is_refused_before_any_reading()
    {
        using var folder = new TemporaryFolder();
        var reports = new Reports();
        folder.Write("file", "");
        Assert.ThrowsAny<IOException>(() => ModelImporter.Import(
            GoldenFolder.Path("mobilellama"), folder["file/model"], PrecisionPlan.Fp32, reports));
        Assert.Empty(reports.All);
    }

    [Fact]
    public void A_checkpoint_without_a_tokenizer_or_with_a_damaged_one_is_refused_and_leaves_nothing()
    {
        using var source = TemporaryFolder.CopyOf("mobilellama");
        using var target = new TemporaryFolder();
        source.Write("tokenizer.model", "version https://git-lfs.github.com/spec/v1\n");
        var pointer = Assert.Throws<CheckpointException>(() => Import(source, target["model"]));
        Assert.Contains("tokenizer.model: is a Git LFS pointer, not the tokenizer", pointer.Message, StringComparison.Ordinal);

        source.Write("tokenizer.model", "damaged");
        var damaged = Assert.Throws<ModelFolderException>(() => Import(source, target["model"]));
        Assert.Contains("tokenizer.model is not a SentencePiece model", damaged.Message, StringComparison.Ordinal);

        File.Delete(source["tokenizer.model"]);
        var missing = Assert.Throws<CheckpointException>(() => Import(source, target["model"]));
        Assert.Contains("tokenizer.model: is missing", missing.Message, StringComparison.Ordinal);
        Assert.Empty(Entries(target));
    }

    [Theory]
    [InlineData("num_hidden_layers", "4", "model.layers.3.")]
    [InlineData("intermediate_size", "200", "model.layers.0.mlp.gate_proj.weight")]
    [InlineData("vocab_size", "801", "lm_head.weight")]
    [InlineData("vocab_size", "799", "tokenizer.model: has 800 pieces, the model's vocabulary 799")]
    public void A_configuration_of_another_model_is_refused_by_the_tensor_before_any_reading(string key, string value, string tensor)
    {
        using var source = TemporaryFolder.CopyOf("mobilellama");
        SmallCheckpoint.Edit(source["config.json"], key, value);
        using var target = new TemporaryFolder();
        var reports = new Reports();
        var refusal = Assert.Throws<CheckpointException>(
            () => ModelImporter.Import(source.Path, target["model"], PrecisionPlan.Fp32, reports));
        Assert.Contains(tensor, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("download", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(reports.All);
        Assert.Empty(Entries(target));
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("int4")]
    public void Weights_that_are_not_finite_are_refused_by_the_tensor(string precision)
    {
        using var source = TemporaryFolder.CopyOf("llama-gqa");
        var bytes = File.ReadAllBytes(source["model.safetensors"]);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 400), float.NaN);
        File.WriteAllBytes(source["model.safetensors"], bytes);
        using var target = new TemporaryFolder();
        var refusal = Assert.Throws<CheckpointException>(() => ModelImporter.Import(source.Path, target["model"], PrecisionPlan.Parse(precision)));
        Assert.Contains("model.safetensors: tensor '", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("not finite", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Entries(target));
    }

    private static ModelFolder Import(string golden, string target) =>
        ModelImporter.Import(GoldenFolder.Path(golden), target, PrecisionPlan.Fp32);

    private static ModelFolder Import(TemporaryFolder source, string target) =>
        ModelImporter.Import(source.Path, target, PrecisionPlan.Fp32);

    private static string[] Entries(TemporaryFolder folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder.Path).Select(f => Path.GetFileName(f)).Order()];

    /// <summary>Keeps each report at once, where it is made; <see cref="Progress{T}"/> would do so later.</summary>
    private sealed class Reports(Action<ImportProgress>? then = null) : IProgress<ImportProgress>
    {
        public List<ImportProgress> All { get; } = [];

        public void Report(ImportProgress value)
        {
            All.Add(value);
            then?.Invoke(value);
        }
    }
}
