using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Evaluation;

/// <summary>Perplexity of trained weights against PyTorch's in float32.</summary>
public sealed class RealWeightsTests(ITestOutputHelper output)
{
    [RealWeightsFact]
    public void Float32_equals_the_reference_and_the_default_decoder_loses_at_most_what_is_stated()
    {
        using var temporary = new TemporaryFolder();
        RealWeightsFactAttribute.WriteCheckpoint(temporary["checkpoint"]);
        var exact = ModelImporter.Import(temporary["checkpoint"], temporary["fp32"], PrecisionPlan.Parse("fp32"));
        Assert.InRange(Ratio(exact, "docs", windows: 4), 1 - 1e-4, 1 + 1e-4);

        var standard = ModelImporter.Import(
            temporary["checkpoint"], temporary["default"], PrecisionPlan.Of(DecoderRecipe.Default, VisionRecipe.Fp32), calibration: TestPhotographs.Set);
        Assert.InRange(Ratio(standard, "docs"), 1, 1.12);
        Assert.InRange(Ratio(standard, "gpl3"), 1, 1.14);
    }

    private double Ratio(ModelFolder folder, string text, int? windows = null)
    {
        var path = RealWeightsFactAttribute.Folder!;
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "expected.json")));
        var reference = expected.RootElement.GetProperty($"perplexity --ids {text}.ids{(windows is { } n ? $" --chunks {n}" : "")}").GetProperty("perplexity").GetDouble();
        int[] ids = [.. File.ReadLines(Path.Combine(path, $"{text}.ids")).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        using var decoder = new LanguageDecoder(folder, new ExecutionSettings());
        var found = new PerplexityMeter(decoder, beginId: 1).Measure(ids, windows ?? int.MaxValue);
        output.WriteLine($"{folder.Manifest.Precision.Decoder} {text}: {found.Perplexity:0.0000}, float32 {reference:0.0000}, {(found.Perplexity / reference) - 1:P2}");
        return found.Perplexity / reference;
    }
}
