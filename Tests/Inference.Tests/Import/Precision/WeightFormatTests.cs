using System.Diagnostics;
using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Import.Synthesis;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Quantization;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Precision;

/// <summary>What each format costs in one layer. Real activations have channels many times larger than the others, and
/// real weights have columns to match, so bounds that hold for Gaussian numbers alone show little.</summary>
public sealed class WeightFormatTests(ITestOutputHelper output)
{
    private const int Inputs = 1024;
    private const int Outputs = 96;
    private const int Rows = 24;
    private const float Outlier = 60;

    /// <summary>Largest relative error (root mean square over the output's) with Gaussian numbers, with two channels of
    /// the activations x60, and with two columns of the weights x60 as well.</summary>
    public static TheoryData<string, double, double, double> Bounds => new()
    {
        { "fp32", 1e-6, 1e-6, 1e-6 },
        { "fp16", 0.0005, 0.0005, 0.0005 },
        { "int8-b32", 0.010, 0.017, 0.002 },
        { "int8-b128", 0.012, 0.030, 0.002 },
        { WeightFormat.Find("w8a8")!.Value.ToString(), 0.014, 0.080, 0.010 },
        { "w8a8u", 0.014, 0.080, 0.010 },
        { "w8a7", 0.020, 0.140, 0.020 },
        { "int4-b32", 0.086, 0.093, 0.010 },
        { "int4-b64", 0.095, 0.097, 0.015 },
        { "int4-b128", 0.100, 0.101, 0.030 },
        { "int4-b32-zp", 0.081, 0.088, 0.010 },
        { "int4-b128-zp", 0.099, 0.102, 0.025 },
    };

    [Theory]
    [MemberData(nameof(Bounds))]
    public void The_error_of_a_layer_is_within_its_bound_with_and_without_outliers(
        string name, double gaussian, double activations, double both)
    {
        var format = WeightFormat.Find(name)!.Value;
        Assert.Equal(name, format.ToString());
        var (weights, input) = (Gaussian(Outputs * Inputs, 1), Gaussian(Rows * Inputs, 2));
        double[] found =
        [
            Error(format, weights, input),
            Error(format, weights, Scaled(input)),
            Error(format, Scaled(weights), Scaled(input)),
        ];
        output.WriteLine($"{name}: {string.Join(", ", found.Select(e => e.ToString("p2")))}");
        Assert.True(found[0] <= gaussian, $"{name}: {found[0]:p2} with Gaussian numbers.");
        Assert.True(found[1] <= activations, $"{name}: {found[1]:p2} with outlier activations.");
        Assert.True(found[2] <= both, $"{name}: {found[2]:p2} with outlier activations and weights.");
    }

    [Theory]
    [InlineData("int4-b32")]
    [InlineData("int4-b128")]
    [InlineData("int4-b32-zp")]
    [InlineData("int4-b128-zp")]
    public void Quantization_for_the_activations_nearly_halves_what_outlier_channels_cost(string name)
    {
        var (weights, input) = (Gaussian(Outputs * Inputs, 3), Scaled(Gaussian(Rows * Inputs, 4)));
        var moments = new ImportanceMatrix();
        moments.Add("y", Scaled(Gaussian(64 * Inputs, 5)), Inputs);
        var format = WeightFormat.Find(name)!.Value;
        var (blind, weighted) = (Error(format, weights, input), Error(format, weights, input, moments));
        output.WriteLine($"{name}: {blind:p2} blind, {weighted:p2} weighted");
        Assert.True(weighted <= 0.55 * blind, $"{weighted:p2}, blind {blind:p2}.");
    }

    [Theory]
    [InlineData("w8a8", 0.014)]
    [InlineData("w8a7", 0.020)]
    public void Outlier_inputs_that_are_kept_in_float32_cost_nothing(string name, double bound)
    {
        var (weights, input) = (Gaussian(Outputs * Inputs, 3), Scaled(Gaussian(Rows * Inputs, 4)));
        var moments = new ImportanceMatrix();
        moments.Add("y", Scaled(Gaussian(64 * Inputs, 5)), Inputs);
        var format = WeightFormat.Find(name)!.Value.WithExactInputs(8);
        Assert.Equal($"{WeightFormat.Find(name)}-e8", format.ToString());
        var (blind, kept) = (Error(format, weights, input), Error(format, weights, input, moments));
        output.WriteLine($"{format}: {blind:p2} without calibration, {kept:p3} with");
        Assert.True(kept <= bound / 2.5, $"{kept:p3}: most of the output comes from the two that are exact.");
        Assert.True(kept <= blind / 10, $"{kept:p3}, {blind:p3} when they share the others' scale.");
        Assert.True(Error(format, weights, Gaussian(Rows * Inputs, 8), moments) <= bound, "Gaussian numbers.");
    }

    [Theory]
    [InlineData("w8a8")]
    [InlineData("w8a7")]
    public void With_a_scale_for_each_row_a_row_of_outliers_does_not_hurt_the_others(string name)
    {
        var format = WeightFormat.Find(name)!.Value;
        var (weights, input) = (Gaussian(Outputs * Inputs, 6), Gaussian(Rows * Inputs, 7));
        var alone = OneLayer.Run(format, weights, input, Inputs);
        const int Row = 5;
        TensorPrimitives.Multiply(input.AsSpan(Row * Inputs, Inputs), 1000, input.AsSpan(Row * Inputs, Inputs));
        input.AsSpan(9 * Inputs, Inputs).Clear();
        var beside = OneLayer.Run(format, weights, input, Inputs);
        for (var r = 0; r < Rows; r++)
        {
            var expected = alone.AsSpan(r * Outputs, Outputs).ToArray();
            if (r == Row)
            {
                TensorPrimitives.Multiply<float>(expected, 1000, expected);
            }

            var actual = beside[(r * Outputs)..((r + 1) * Outputs)];
            if (r == 9)
            {
                Assert.All(actual, v => Assert.Equal(0, v));
            }
            else
            {
                Assert.True(TensorPrimitives.Distance<float>(expected, actual) <= 1e-5 * TensorPrimitives.Norm<float>(expected), $"Row {r}.");
            }
        }
    }

    [Theory]
    [InlineData("w8a8")]
    [InlineData("w8a7")]
    public void Sums_of_the_largest_codes_do_not_overflow(string name)
    {
        var (weights, input) = (new float[8 * 64], new float[2 * 64]);
        weights.AsSpan().Fill(1);
        input.AsSpan().Fill(3);
        Assert.All(OneLayer.Run(WeightFormat.Find(name)!.Value, weights, input, 64), v => Assert.Equal(192, v, 0.01f));
    }

    [Theory]
    [InlineData("int4-b48")]
    [InlineData("int2")]
    [InlineData("fp16-zp")]
    [InlineData("INT4")]
    [InlineData("")]
    public void Unknown_names_are_refused_with_the_known_ones(string name)
    {
        Assert.Contains("fp32, fp16, int8", Assert.Throws<FormatException>(() => DecoderRecipe.Parse(name)).Message, StringComparison.Ordinal);
        Assert.Contains("w8a8", Assert.Throws<FormatException>(() => VisionRecipe.Parse(name)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int4", "int4-b32", "int4-b32", "int8-b32")]
    [InlineData("int4-zp", "int4-b32-zp", "int4-b32-zp", "int8-b32")]
    [InlineData("int4-b128-mixed", "int4-b128", "int8-b128", "int8-b128")]
    [InlineData("int8-b64", "int8-b64", "int8-b64", "int8-b64")]
    [InlineData("fp16", "fp16", "fp16", "fp16")]
    [InlineData("w8a7", "w8a7", "w8a7", "int8-b32")]
    [InlineData("w8a8s", "w8a8s", "w8a8s", "int8-b32")]
    public void A_recipe_gives_the_format_of_each_part(string name, string body, string sensitive, string head)
    {
        var recipe = DecoderRecipe.Parse(name);
        Assert.Equal((name, body, sensitive, head), (recipe.Name, $"{recipe.Body}", $"{recipe.Sensitive}", $"{recipe.Head}"));
    }

    [Fact]
    public void The_first_and_the_last_eighth_of_the_layers_are_sensitive()
    {
        Assert.Equal([0, 1, 2, 21, 22, 23], Enumerable.Range(0, 24).Where(i => DecoderRecipe.IsSensitive(i, 24)));
        Assert.Equal([0, 2], Enumerable.Range(0, 3).Where(i => DecoderRecipe.IsSensitive(i, 3)));
    }

    [Fact]
    public void What_auto_tries_first_is_smaller_than_what_it_tries_next()
    {
        Assert.Equal(
            ["int4-b128", "int4-b128-zp", "int4", "int4-zp", "int4-mixed", "int4-zp-mixed", "int8-b128", "int8", "fp16", "fp32"],
            DecoderRecipe.AutoCandidates.Select(r => r.Name));
        var quickest = WeightPrecision.Of(WeightPrecision.QuickestForPrefill()).Name;
        Assert.Equal([quickest, "int8-b128", "int8", "fp16", "fp32"], VisionRecipe.AutoCandidates.Select(r => r.Name));

        var text = new ModelConfig("", "", PublishedModel.Find("mobilevlm-1.7b").Language, null, null, null);
        var decoders = DecoderRecipe.AutoCandidates.Select(r => ImportSize.Estimate(text, 2, PrecisionPlan.Of(r, VisionRecipe.Fp32))).ToArray();
        Assert.Equal(decoders.Order(), decoders);
        Assert.Equal(decoders.Distinct(), decoders);
        var seeing = text with { Vision = ClipTower.Sizes, Projector = ProjectorType.Ldp };
        var towers = VisionRecipe.AutoCandidates.Select(r => ImportSize.Estimate(seeing, 2, PrecisionPlan.Of(DecoderRecipe.Fp32, r))).ToArray();
        Assert.Equal(towers[1..].Order(), towers[1..]);
        Assert.InRange(towers[0], 0, towers[3]);
    }

    [Fact]
    public void Each_precision_of_the_table_has_one_name_and_every_part_can_have_it()
    {
        var names = WeightPrecision.All.Select(row => row.Name).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.All(WeightPrecision.All, row =>
        {
            Assert.Equal(row.Format, WeightFormat.Find(row.Name));
            Assert.Same(row, WeightPrecision.Of(row.Format));
            Assert.Equal(row.Name, DecoderRecipe.Parse(row.Name).Name);
            Assert.Equal(row.Name, VisionRecipe.Parse(row.Name).Name);
            Assert.NotNull(LinearWriter.Create(row.Format, new ImportanceMatrix()));
            Assert.Contains(row.Name, DecoderRecipe.Grammar, StringComparison.Ordinal);
            Assert.Contains(row.Name, VisionRecipe.Grammar, StringComparison.Ordinal);

            // Run-time code has only the names, in manifests.
            Assert.Equal(row.Format.Bits > 0, ImportAdvice.IsQuantized(row.Format.ToString()));
            Assert.Equal(row.HasBlocks, ImportAdvice.IsBlockQuantized(row.Format.ToString()));
        });
        Assert.Equal(Enum.GetValues<WeightKind>().Order(), WeightPrecision.All.Select(row => row.Format.Kind).Distinct().Order());
    }

    [Fact]
    public void The_grammar_is_that_of_the_table()
    {
        Assert.Equal(
            "fp32, fp16, int8, w8a8s, w8a8u, w8a7 or int4; w8a8 is w8a8s or w8a8u, whichever is faster on this processor; "
            + "int8 and int4 also with -b64 or -b128 (weights per block, else 32), then -zp (zero points); "
            + "int4 also with -mixed (sensitive layers at 8 bit)",
            DecoderRecipe.Grammar);
        Assert.Contains(
            "fp16, int8 and int4 with their variants, and auto run there",
            Assert.Throws<FormatException>(() => PrecisionPlan.Fp32.OnCuda()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_that_the_table_does_not_have_is_refused_everywhere()
    {
        object boxed = default(WeightFormat);
        typeof(WeightFormat).GetProperty(nameof(WeightFormat.Kind))!.SetValue(boxed, (WeightKind)99);
        var unknown = (WeightFormat)boxed;
        Assert.Throws<ArgumentOutOfRangeException>(() => unknown.ToString());
        Assert.Throws<UnreachableException>(() => LinearWriter.Create(unknown, new ImportanceMatrix()));
    }

    private static double Error(WeightFormat format, float[] weights, float[] input, ImportanceMatrix? moments = null)
    {
        var exact = OneLayer.Exact(weights, input, Inputs);
        return TensorPrimitives.Distance<float>(exact, OneLayer.Run(format, weights, input, Inputs, moments))
            / TensorPrimitives.Norm<float>(exact);
    }

    /// <summary>Two of the channels times sixty.</summary>
    private static float[] Scaled(float[] rows) =>
        [.. rows.Select((v, i) => i % Inputs is 17 or 700 ? v * Outlier : v)];

    internal static float[] Gaussian(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
