using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Evaluation;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Calibration;

/// <summary>An import measures what it lost, and reports it.</summary>
public sealed class LossReportTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("mobilevlm-v1")]
    [InlineData("mobilellama")]
    public void A_checkpoint_of_float16_stored_as_such_loses_nothing_so_the_layerwise_pass_equals_the_whole_model(string name)
    {
        var loss = Import(name, PrecisionPlan.Parse("fp16", "fp16")).Loss!;
        Assert.InRange(loss.Decoder.MeanDivergence, 0, 1e-6);
        Assert.Equal(1, loss.Decoder.TopAgreement);
        Assert.Equal(name == "mobilellama", loss.Vision is null);
        if (loss.Vision is { } vision)
        {
            Assert.InRange(vision.LowestCosine, 1 - 1e-6, 1 + 1e-9);
            Assert.InRange(vision.LargestError, 0, 1e-3);
            Assert.InRange(loss.Whole!.MeanDivergence, 0, 1e-6);
        }
    }

    [Theory]
    [InlineData("mobilevlm-v1")]
    [InlineData("mobilevlm-v2")]
    [InlineData("mobilevlm-v1-separate-tower")]
    [InlineData("mobilellama")]
    [InlineData("llama-gqa")]
    public void Fewer_bits_lose_more_and_the_manifest_records_how_much(string name)
    {
        var (eight, four) = (Import(name, PrecisionPlan.Parse("int8", "w8a8")), Import(name, PrecisionPlan.Parse("int4-b128", "int4-b128")));
        Assert.Contains(
            eight.Vision is null ? "8 held-out texts; calibrated with" : "10 held-out photographs, 60 questions; calibrated with 8 photographs",
            eight.Loss!.Calibration, StringComparison.Ordinal);
        Assert.StartsWith("least squared error, weighted by activations, the decoder's channels scaled in ", eight.Precision.Quantization, StringComparison.Ordinal);
        Assert.True(eight.Loss.Decoder.Positions > 50);
        Assert.InRange(eight.Loss.Decoder.MeanDivergence, 1e-9, four.Loss!.Decoder.MeanDivergence);
        Assert.InRange(eight.Loss.Decoder.MeanDivergence, 0, eight.Loss.Decoder.LargestDivergence);
        Assert.InRange(four.Loss.Decoder.TopAgreement, 0, eight.Loss.Decoder.TopAgreement);
        if (eight.Vision is not null)
        {
            Assert.InRange(four.Loss.Vision!.LowestCosine, 0.5, eight.Loss.Vision!.LowestCosine);
            Assert.InRange(eight.Loss.Vision.LowestCosine, 0.995, eight.Loss.Vision.MeanCosine);
        }

        output.WriteLine($"{name}: 8 bit {eight.Loss}, 4 bit {four.Loss}");
    }

    [Theory]
    [InlineData("mobilevlm-v1", "photographs", 8, 10)]
    [InlineData("mobilellama", "texts", 16, 8)]
    public void The_manifest_records_scenes_limits_and_machine(string name, string kind, int calibration, int heldOut)
    {
        var loss = Import(name, PrecisionPlan.Parse("int8", "w8a8").WithPrefill("w8a7")).Loss!;
        Assert.Equal((kind, calibration, heldOut), (loss.Scenes!.Kind, loss.Scenes.Calibration, loss.Scenes.HeldOut));
        Assert.Equal(64, loss.Scenes.Material.Length);
        Assert.Equal(ProcessorFeatures.ThisMachine.Description, loss.Machine!.Processor);
        Assert.StartsWith("ONNX Runtime 1.", loss.Machine.Runtime, StringComparison.Ordinal);
        Assert.Contains(loss.Machine.Kernels, kernel => kernel.StartsWith("prefill: u7 x s8", StringComparison.Ordinal) || kernel.StartsWith("prefill: u8 x s8", StringComparison.Ordinal));
        Assert.Equal(LossLimits.Gates(loss), loss.Gates!);
        Assert.NotNull(loss.Whole);

        // A model of text only has no pictures, and random weights say neither yes nor no.
        string[] names = kind == "texts"
            ? ["meanDivergence", "divergence95", "sameChoices"]
            : ["visionCosine", "tokenCosine", "meanDivergence", "divergence95", "answerDivergence95", "sameChoices"];
        Assert.Equal(names, loss.Gates!.Select(gate => gate.Name));
    }

    [Fact]
    public void Nothing_is_measured_where_all_is_exact_or_no_pictures_are_given()
    {
        Assert.Null(Import("mobilellama", PrecisionPlan.Fp32).Loss);
        var blind = GoldenModel("mobilellama");
        Assert.Null(blind.Loss);
        Assert.Equal("least squared error", blind.Precision.Quantization);
    }

    [Theory]
    [InlineData("mobilevlm-v2")]
    [InlineData("mobilellama")]
    public void Chosen_precision_is_within_its_limits_and_what_was_refused_is_reported(string name)
    {
        using var folder = new TemporaryFolder();
        var plan = PrecisionPlan.Parse("auto");
        var model = ModelImporter.Import(GoldenFolder.Path(name), folder["model"], plan, calibration: TestPhotographs.Set);
        var (loss, choice) = (model.Manifest.Loss!, model.Manifest.Precision.Choice!);
        output.WriteLine(string.Join('\n', choice));
        Assert.True(LossLimits.Allow(loss.Decoder), $"{loss}");
        Assert.True(loss.Vision is null || LossLimits.Allow(loss.Vision), $"{loss}");
        Assert.Equal(loss.Vision is null ? 1 : 2, choice.Count(c => c.Contains("taken", StringComparison.Ordinal)));
        model.Verify();
        Assert.Equal(
            Directory.EnumerateFileSystemEntries(folder["model"]).Select(f => Path.GetFileName(f)).Order(),
            model.Manifest.Files.Select(f => f.Path).Append("model.json").Order());
    }

    [Fact]
    public void Choosing_without_measuring_is_refused() => Assert.Throws<ArgumentException>(
        () => ModelImporter.Import(GoldenFolder.Path("mobilellama"), "/nowhere", PrecisionPlan.Parse("auto")));

    private static ModelManifest GoldenModel(string name) => Models.GoldenModel.Get(name, "int4").Folder.Manifest;

    private static ModelManifest Import(string name, PrecisionPlan plan)
    {
        using var folder = new TemporaryFolder();
        return ModelImporter.Import(GoldenFolder.Path(name), folder["model"], plan, calibration: TestPhotographs.Set).Manifest;
    }
}
