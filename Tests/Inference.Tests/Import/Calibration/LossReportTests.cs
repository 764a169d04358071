using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
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
        Assert.Contains("6 drawn pictures, 8 questions", eight.Loss!.Calibration, StringComparison.Ordinal);
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
        var model = ModelImporter.Import(GoldenFolder.Path(name), folder["model"], plan, calibration: CalibrationSet.Bundled);
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

    [Fact]
    public void Divergence_is_that_of_the_two_distributions()
    {
        Assert.Equal(0, LossMeter.Divergence([1, 2, 3], [11, 12, 13]), 1e-6);

        // p = (3/4, 1/4), q = (1/2, 1/2): 3/4 log 3/2 + 1/4 log 1/2.
        Assert.Equal(0.130812, LossMeter.Divergence([MathF.Log(3), 0], [5, 5]), 1e-5);
    }

    [Fact]
    public void Drawn_pictures_are_the_same_everywhere_and_not_alike()
    {
        var pictures = CalibrationSet.Bundled.Pictures;
        Assert.Equal(pictures.Count, pictures.Select(p => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(p.Pixels))).Distinct().Count());
        Assert.All(pictures, p => Assert.InRange(p.Pixels.Distinct().Count(), 100, 256));
    }

    private static ModelManifest GoldenModel(string name) => Models.GoldenModel.Get(name, "int4").Folder.Manifest;

    private static ModelManifest Import(string name, PrecisionPlan plan)
    {
        using var folder = new TemporaryFolder();
        return ModelImporter.Import(GoldenFolder.Path(name), folder["model"], plan, calibration: CalibrationSet.Bundled).Manifest;
    }
}
