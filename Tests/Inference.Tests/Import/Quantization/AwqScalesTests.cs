using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Evaluation;
using MobileVlm.Edge.Inference.Text;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>Channels are scaled where that costs nothing and quantization loses less.</summary>
public sealed class AwqScalesTests(ITestOutputHelper output)
{
    private const float Outlier = 30;

    private static readonly string[] Takers = ["q", "k", "v", "gate", "up"];

    [Theory]
    [InlineData("mobilevlm-v2", 0.5f)]
    [InlineData("mobilellama", 0.8f)]
    [InlineData("llama-gqa", 0.8f)]
    public void In_float32_scaled_channels_change_nothing(string name, float exponent)
    {
        var moments = new ImportanceMatrix();
        var exact = Exact(name, moments, scale: null);
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path(name));
        var groups = ChannelGroup.Of(checkpoint.Config.Language, DecoderRecipe.Int4).ToList();
        var scales = new AwqScales(checkpoint, moments, groups, exponent);
        var meter = exact.NewMeter();
        Exact(name, new ImportanceMatrix(), scales, meter.Take);
        var loss = meter.Result();
        output.WriteLine($"{name}: {loss}");
        Assert.InRange(loss.LargestDivergence, 0, 1e-6);
        Assert.Equal(1, loss.TopAgreement);

        // They did change the numbers on the way.
        Assert.All(groups, g => Assert.NotEqual(moments.Importance(g.Node, g.Channels), scales.Importance(g.Node, g.Channels)));
    }

    [Theory]
    [InlineData("int4", 0.35)]
    [InlineData("int4-b128", 0.35)]
    [InlineData("int4-b64-zp", 0.35)]
    public void Outlier_channels_lose_less_with_scales(string precision, double share)
    {
        using var source = WithOutliers("mobilellama");
        var (plain, scaled) = (Loss(source.Path, precision, scales: false), Loss(source.Path, precision, scales: true));
        output.WriteLine($"{precision}: {plain.MeanDivergence:0.00000} plain, {scaled.MeanDivergence:0.00000} scaled");
        Assert.True(scaled.MeanDivergence <= share * plain.MeanDivergence, $"{scaled.MeanDivergence}, plain {plain.MeanDivergence}.");
    }

    /// <summary>Attention and MLP of each of three layers have the outlier channels; what gains a few hundredths elsewhere
    /// is left as it is.</summary>
    [Fact]
    public void The_manifest_reports_in_how_many_places_channels_were_scaled()
    {
        using var source = WithOutliers("mobilellama");
        Assert.InRange(Places(source.Path), 6, 9);
        Assert.InRange(Places(GoldenFolder.Path("mobilellama")), 0, 5);

        static int Places(string source)
        {
            using var folder = new TemporaryFolder();
            var quantization = ModelImporter.Import(
                source, folder["model"], PrecisionPlan.Parse("int4-b128"), calibration: TestPhotographs.Set).Manifest.Precision.Quantization!;
            var words = quantization.Split(' ');
            Assert.Equal(("of", "13", "places"), (words[^3], words[^2], words[^1]));
            return int.Parse(words[^4], System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [Theory]
    [InlineData("mobilevlm-v2", "int4")]
    [InlineData("llama-gqa", "int4")]
    [InlineData("mobilevlm-v2", "int8")]
    [InlineData("mobilevlm-v1", "int4-b128-zp")]
    public void Random_weights_lose_hardly_more_with_scales(string name, string precision)
    {
        var path = GoldenFolder.Path(name);
        var (plain, scaled) = (Loss(path, precision, scales: false), Loss(path, precision, scales: true));
        output.WriteLine($"{name} {precision}: {plain.MeanDivergence:0.00000} plain, {scaled.MeanDivergence:0.00000} scaled");
        Assert.True(scaled.MeanDivergence <= 1.15 * plain.MeanDivergence, $"{scaled.MeanDivergence}, plain {plain.MeanDivergence}.");
    }

    /// <summary>Prefill weights fill the KV cache that the others read, so that both must have the same channel scales: also
    /// where the recipe that prefill weights were first written for was refused.</summary>
    [Fact]
    public void Prefill_weights_have_the_channel_scales_of_the_recipe_that_was_taken()
    {
        using var source = WithOutlierValues("mobilellama");
        using var folder = new TemporaryFolder();
        var plan = new PrecisionPlan([DecoderRecipe.Parse("int4-b128"), DecoderRecipe.Fp32], [VisionRecipe.Fp32]).WithPrefill("w8a7");
        var model = ModelImporter.Import(source.Path, folder["model"], plan, calibration: TestPhotographs.Set);
        output.WriteLine(string.Join('\n', model.Manifest.Precision.Choice!));
        Assert.Equal("fp32", model.Manifest.Precision.Decoder);

        using var both = new LanguageDecoder(model, new ExecutionSettings(1) { MinPrefillTokens = 1 });
        using var one = new LanguageDecoder(model, new ExecutionSettings(1) { UsePrefill = false });
        using var found = both.CreateState(64);
        using var expected = one.CreateState(64);
        int[] prompt = [1, 404, 27, 612, 33, 75, 11, 250];
        found.Append(prompt);
        expected.Append(prompt);
        var cosine = TensorPrimitives.CosineSimilarity(expected.Step(300), found.Step(300));
        output.WriteLine($"cosine {cosine:f5}");
        Assert.True(cosine > 0.99, $"cosine {cosine:f5}.");
    }

    /// <summary>8-bit rows have one scale per row, which channels that are many times larger spoil unless they are scaled; blocks are
    /// not spoilt. Prefill weights that were left to the program are left out where the decoder is chosen too.</summary>
    [Theory]
    [InlineData("auto", false)]
    [InlineData("w8a8", true)]
    public void Prefill_weights_that_lose_too_much_are_left_out_unless_they_were_named(string prefill, bool kept)
    {
        using var source = WithOutliers("mobilellama");
        using var folder = new TemporaryFolder();
        var plan = (new PrecisionPlan([DecoderRecipe.Parse("int8"), DecoderRecipe.Fp32], [VisionRecipe.Fp32]) with { ScalesChannels = false }).WithPrefill(prefill);
        var manifest = ModelImporter.Import(source.Path, folder["model"], plan, calibration: TestPhotographs.Set).Manifest;
        output.WriteLine($"{string.Join('\n', manifest.Precision.Choice!)}\n{manifest.Loss}");
        Assert.Equal(kept, manifest.Precision.Prefill is not null);
        Assert.Equal(kept, manifest.Files.Any(file => file.Path == ModelFolder.PrefillFile));
        Assert.Equal(kept, File.Exists(folder[$"model/{ModelFolder.PrefillFile}.data"]));
        Assert.Equal(kept, manifest.SelfTest!.Prefill is not null);
        Assert.Equal(kept, manifest.Loss!.Prefill is not null);
        Assert.Equal(!kept, manifest.Precision.Choice!.Any(reason => reason.StartsWith("prefill w8a8s refused", StringComparison.Ordinal) || reason.StartsWith("prefill w8a7 refused", StringComparison.Ordinal)));
        Assert.Equal(kept, manifest.Loss.Gates!.Any(gate => !gate.Passed));
    }

    private static ReferenceOutputs Exact(string name, ImportanceMatrix moments, AwqScales? scale, GateLogitsTaker? take = null)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path(name));
        using var folder = new TemporaryFolder();
        var source = new CheckpointWeights(checkpoint, progress: null, CancellationToken.None);
        return new ReferencePass(
            checkpoint, scale is null ? source : source.Scaled(scale), TestPhotographs.Set,
            LlamaTextTokenizer.Open(GoldenFolder.Path(name, "tokenizer.model")), folder["exact"], moments).Run(take);
    }

    private static LogitLoss Loss(string source, string precision, bool scales)
    {
        using var folder = new TemporaryFolder();
        var plan = PrecisionPlan.Parse(precision, "fp32") with { ScalesChannels = scales };
        return ModelImporter.Import(source, folder["model"], plan, calibration: TestPhotographs.Set).Manifest.Loss!.Decoder;
    }

    /// <summary>The norms in front of attention and MLP make a few channels many times larger than the others, as LLaMA's
    /// do, and the weights that take them are smaller for it.</summary>
    private static TemporaryFolder WithOutliers(string name)
    {
        var copy = TemporaryFolder.CopyOf(name);
        using var checkpoint = Checkpoint.Open(copy.Path);
        foreach (var tensor in checkpoint.Tensors.Values.Where(t => t.Name.StartsWith("model.layers.", StringComparison.Ordinal)))
        {
            var factor = tensor.Name.EndsWith("layernorm.weight", StringComparison.Ordinal) ? Outlier
                : Takers.Any(t => tensor.Name.EndsWith($"{t}_proj.weight", StringComparison.Ordinal)) ? 1 / Outlier
                : 1;
            Multiply(tensor, factor);
        }

        return copy;
    }

    /// <summary>Some of the values' channels are many times larger than the others, and the weights that take them are smaller
    /// for it.</summary>
    private static TemporaryFolder WithOutlierValues(string name)
    {
        var copy = TemporaryFolder.CopyOf(name);
        using var checkpoint = Checkpoint.Open(copy.Path);
        foreach (var tensor in checkpoint.Tensors.Values)
        {
            if (tensor.Name.EndsWith("v_proj.weight", StringComparison.Ordinal))
            {
                Multiply(tensor, Outlier, row => row % 16 == 3, _ => true);
            }
            else if (tensor.Name.EndsWith("o_proj.weight", StringComparison.Ordinal))
            {
                Multiply(tensor, 1 / Outlier, _ => true, column => column % 16 == 3);
            }
        }

        return copy;
    }

    /// <summary>Multiplies every sixteenth column, from the third on.</summary>
    private static void Multiply(CheckpointTensor tensor, float factor) =>
        Multiply(tensor, factor, _ => true, column => column % 16 == 3);

    /// <summary>Multiplies some elements of a tensor in its file.</summary>
    private static void Multiply(CheckpointTensor tensor, float factor, Func<int, bool> rows, Func<int, bool> columns)
    {
        var width = (int)tensor.Shape[^1];
        Assert.Equal(ElementType.Float16, tensor.Type);
        using var file = new FileStream(tensor.Location!.File.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var values = new Half[tensor.Count];
        file.Position = tensor.Location.Offset;
        file.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = rows(i / width) && columns(i % width) ? (Half)((float)values[i] * factor) : values[i];
        }

        file.Position = tensor.Location.Offset;
        file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }
}
