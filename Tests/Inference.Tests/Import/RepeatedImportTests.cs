using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Import;

/// <summary>Importing into a place where something already is, whole or half.</summary>
public sealed class RepeatedImportTests
{
    private const string Partial = "model.partial-0123456789abcdef0123456789abcdef";

    [Fact]
    public void The_same_import_again_does_nothing()
    {
        using var folder = new TemporaryFolder();
        var first = Import(GoldenFolder.Path("mobilellama"), folder["model"]);
        var before = Times(folder["model"]);
        var reports = new Reports();
        var again = ModelImporter.Import(GoldenFolder.Path("mobilellama"), folder["model"] + "/", PrecisionPlan.Int4, reports);
        Assert.Equal(0, reports.Count);
        Assert.Equal(before, Times(folder["model"]));
        Assert.Equal(first.Manifest.Files, again.Manifest.Files);
    }

    [Fact]
    public void A_copy_of_the_checkpoint_elsewhere_is_the_same_checkpoint()
    {
        using var folder = new TemporaryFolder();
        using var copy = TemporaryFolder.CopyOf("mobilellama");
        Import(GoldenFolder.Path("mobilellama"), folder["model"]);
        var reports = new Reports();
        ModelImporter.Import(copy.Path, folder["model"], PrecisionPlan.Int4, reports);
        Assert.Equal(0, reports.Count);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.model")]
    [InlineData("pytorch_model.bin")]
    public void Another_file_of_the_same_size_is_another_import(string changed)
    {
        using var source = TemporaryFolder.CopyOf("mobilellama");
        using var folder = new TemporaryFolder();
        Import(source.Path, folder["model"]);
        var bytes = File.ReadAllBytes(source[changed]);
        if (changed == "config.json")
        {
            source.Write(changed, File.ReadAllText(source[changed]).Replace("1e-06", "1e-05", StringComparison.Ordinal));
        }
        else if (changed == "tokenizer.model")
        {
            bytes[^1] ^= 1;
            source.Write(changed, bytes);
        }
        else
        {
            // Somewhere in the weights; the copy of the sum at the end of the archive is what training changes too.
            bytes[bytes.Length / 2] ^= 1;
            source.Write(changed, bytes);
        }

        var refusal = Assert.Throws<ModelFolderException>(() => Import(source.Path, folder["model"]));
        Assert.Contains("already holds another import", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--force", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_precision_is_refused_and_replaces_with_force()
    {
        using var folder = new TemporaryFolder();
        Import(GoldenFolder.Path("mobilellama"), folder["model"]);
        var refusal = Assert.Throws<ModelFolderException>(
            () => ModelImporter.Import(GoldenFolder.Path("mobilellama"), folder["model"], PrecisionPlan.Fp32));
        Assert.Contains("'mobilellama' (int4-b32)", refusal.Message, StringComparison.Ordinal);

        var replaced = ModelImporter.Replace(GoldenFolder.Path("mobilellama"), folder["model"], PrecisionPlan.Fp32);
        Assert.Equal("fp32", replaced.Manifest.Precision.Decoder);
        Assert.Equal(["model"], Entries(folder));
        replaced.Verify();
    }

    [Fact]
    public void A_forced_import_that_fails_leaves_the_old_model()
    {
        using var folder = new TemporaryFolder();
        Import(GoldenFolder.Path("mobilellama"), folder["model"]);
        Assert.Throws<IOException>(() => ModelImporter.Replace(
            GoldenFolder.Path("mobilevlm-v1"), folder["model"], PrecisionPlan.Int4,
            new Reports(() => throw new IOException("No space left."))));
        Assert.Equal("mobilellama", ModelFolder.Open(folder["model"]).Manifest.Name);
        Assert.Equal(["model"], Entries(folder));
    }

    [Fact]
    public void Force_replaces_model_folders_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        folder.Write("home/letters.txt", "mine");
        Assert.Throws<ModelFolderException>(() => ModelImporter.Replace(
            GoldenFolder.Path("mobilellama"), folder["home"], PrecisionPlan.Int4));
        Assert.Equal("mine", File.ReadAllText(folder["home/letters.txt"]));
    }

    [Fact]
    public void A_damaged_import_is_not_taken_for_a_whole_one()
    {
        using var folder = new TemporaryFolder();
        Import(GoldenFolder.Path("mobilellama"), folder["model"]);
        File.Delete(folder["model/embeddings.bin"]);
        var refusal = Assert.Throws<ModelFolderException>(() => Import(GoldenFolder.Path("mobilellama"), folder["model"]));
        Assert.Contains("cannot be used", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("embeddings.bin is missing", refusal.Message, StringComparison.Ordinal);
        ModelImporter.Replace(GoldenFolder.Path("mobilellama"), folder["model"], PrecisionPlan.Int4).Verify();
    }

    [Fact]
    public void What_a_killed_import_left_is_removed_and_others_are_not_touched()
    {
        using var folder = new TemporaryFolder();
        folder.Write($"{Partial}/decoder.onnx.data", "half");
        folder.Write($"{Partial}/.in-progress", "");
        folder.Write($"{Partial.Replace("model", "model2", StringComparison.Ordinal)}/decoder.onnx.data", "half of another");
        folder.Write("model.partial-backup/notes.txt", "mine");
        Import(GoldenFolder.Path("mobilellama"), folder["model"]);
        Assert.Equal(
            ["model", "model.partial-backup", Partial.Replace("model", "model2", StringComparison.Ordinal)], Entries(folder));
    }

    [Fact]
    public void A_folder_that_another_process_is_filling_is_left_to_it()
    {
        using var folder = new TemporaryFolder();
        folder.Write($"{Partial}/decoder.onnx.data", "half");
        using (new FileStream(folder[$"{Partial}/.in-progress"], FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            var refusal = Assert.Throws<IOException>(() => Import(GoldenFolder.Path("mobilellama"), folder["model"]));
            Assert.Contains("Another process", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal([Partial], Entries(folder));
    }

    private static ModelFolder Import(string source, string target) => ModelImporter.Import(source, target, PrecisionPlan.Int4);

    private static string[] Entries(TemporaryFolder folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder.Path).Select(f => Path.GetFileName(f)).Order()];

    private static string[] Times(string folder) =>
        [.. Directory.EnumerateFiles(folder).Order().Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O}")];

    private sealed class Reports(Action? then = null) : IProgress<ImportProgress>
    {
        public int Count { get; private set; }

        public void Report(ImportProgress value)
        {
            Count++;
            then?.Invoke();
        }
    }
}
