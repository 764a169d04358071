using System.Text.Json;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Synthesis;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;
using MobileVlm.Edge.Inference.Tests.Import.Synthesis;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import;

/// <summary>The disk that an import asks for is the disk that it takes.</summary>
public sealed class ImportSizeTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, string> Imports
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var name in WeightPrecision.All.Select(row => row.Name).Append("int4-b128-zp").Append("int4-mixed"))
            {
                data.Add("mobilevlm-v2", name, "none");
            }

            data.Add("mobilevlm-v1", "fp32", "none");
            data.Add("mobilevlm-v1-separate-tower", "int4", "w8a8");
            data.Add("mobilellama", "int8", "w8a7");
            data.Add("llama-gqa", "int4", "auto");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Imports))]
    public void The_estimate_is_the_size_of_the_import(string name, string precision, string prefill)
    {
        using var folder = new TemporaryFolder();
        var plan = (precision.EndsWith("-mixed", StringComparison.Ordinal) ? PrecisionPlan.Parse(precision, "fp16") : PrecisionPlan.Parse(precision))
            .WithPrefill(prefill);
        AssertEstimate(ModelImporter.Import(GoldenFolder.Path(name), folder["model"], plan), ImportSize.Estimate(GoldenFolder.Path(name), plan));
    }

    [Fact]
    public void Graphs_in_float16_are_counted_as_such()
    {
        using var folder = new TemporaryFolder();
        var plan = PrecisionPlan.Parse("int4", "fp16").OnCuda();
        AssertEstimate(
            ModelImporter.Import(GoldenFolder.Path("mobilevlm-v1"), folder["model"], plan), ImportSize.Estimate(GoldenFolder.Path("mobilevlm-v1"), plan));
    }

    /// <summary>Before a download only config.json is at hand.</summary>
    [Theory]
    [InlineData("mobilevlm-1.7b-tiny", "int4", "none")]
    [InlineData("mobilevlm-v2-3b-tiny", "w8a8", "none")]
    [InlineData("mobilellama-1.4b-tiny", "int4", "w8a8")]
    [InlineData("mobilellama-1.4b-tiny", "fp32", "none")]
    public void From_a_configuration_alone_it_is_never_too_little(string like, string precision, string prefill)
    {
        using var source = new SyntheticFolder(like);
        using var folder = new TemporaryFolder();
        var plan = PrecisionPlan.Parse(precision).WithPrefill(prefill);
        var bytes = Directory.EnumerateFiles(source.Path, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        using var config = JsonDocument.Parse(File.ReadAllBytes(source[CheckpointLayout.Config]));
        var estimate = ImportSize.Estimate(config.RootElement, bytes, plan);
        var weights = Weights(ModelImporter.Import(source.Path, folder["model"], plan));
        output.WriteLine($"{like} {precision}: {weights} bytes of weights, estimated {estimate}");
        Assert.InRange(estimate - ImportSize.SmallFiles, weights, weights + (2 * ImportSize.SmallFiles));
    }

    /// <summary>MobileVLM 1.7B: 1.30 G weights of the decoder, 0.32 G of vision, an embedding table of 0.13 GB.</summary>
    [Theory]
    [InlineData("fp32", "none", 6.5, 6.7)]
    [InlineData("int4", "none", 1.2, 1.4)]
    [InlineData("w8a8", "none", 1.8, 2.1)]
    [InlineData("int4", "w8a8", 2.6, 2.9)]
    [InlineData("auto", "none", 6.5, 6.7)]
    public void A_published_model_is_counted_with_its_prefill_weights_and_for_the_worst_choice(
        string precision, string prefill, double least, double most)
    {
        var model = PublishedModel.Find("mobilevlm-1.7b");
        var config = new ModelConfig("", "", model.Language, model.Vision, model.Projector, null);
        var size = ImportSize.Estimate(config, 2, PrecisionPlan.Parse(precision).WithPrefill(prefill)) / 1e9;
        output.WriteLine($"{precision} {prefill}: {size:0.00} GB");
        Assert.InRange(size, least, most);
    }

    /// <summary>The covariances of 24 layers' inputs lie on the disk until the import ends: 0.6 GB for MobileVLM 1.7B.</summary>
    [Theory]
    [InlineData("int4-b64-zp-mixed", 0.55, 0.65)]
    [InlineData("w8a8", 0, 0)]
    public void An_import_that_compensates_errors_needs_space_beside_the_model(string precision, double least, double most)
    {
        using var source = new SyntheticFolder("mobilellama-1.4b-tiny");
        SmallCheckpoint.Edit(source[CheckpointLayout.Config], "num_hidden_layers", "24");
        SmallCheckpoint.Edit(source[CheckpointLayout.Config], "hidden_size", "2048");
        SmallCheckpoint.Edit(source[CheckpointLayout.Config], "intermediate_size", "5632");
        using var config = JsonDocument.Parse(File.ReadAllBytes(source[CheckpointLayout.Config]));
        var plan = PrecisionPlan.Parse(precision);
        var more = ImportSize.Estimate(config.RootElement, 1L << 30, plan, calibrated: true) - ImportSize.Estimate(config.RootElement, 1L << 30, plan);
        output.WriteLine($"{precision}: {more / 1e9:0.00} GB");
        Assert.InRange(more / 1e9, least, most);
    }

    /// <summary>The weights are estimated by themselves: beside a reserve as large as a small model, any estimate would do.</summary>
    private void AssertEstimate(ModelFolder folder, long estimate)
    {
        var (weights, all) = (Weights(folder), Files(folder).Sum(file => file.Length));
        output.WriteLine($"{weights} bytes of weights, estimated {estimate - ImportSize.SmallFiles}; {all - weights} bytes beside them");
        Assert.InRange(estimate - ImportSize.SmallFiles, weights, weights + (weights / 50) + 4096);
        Assert.InRange(all - weights, 0, ImportSize.SmallFiles);
    }

    private static long Weights(ModelFolder folder) => Files(folder)
        .Where(file => file.Name.EndsWith(".data", StringComparison.Ordinal) || file.Name == ModelFolder.EmbeddingsFile).Sum(file => file.Length);

    private static FileInfo[] Files(ModelFolder folder) => new DirectoryInfo(folder.FolderPath).GetFiles();
}
