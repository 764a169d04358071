using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Evaluation;
using MobileVlm.Edge.Inference.Tests.Models;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Decoding;

/// <summary>Prefill and decode weights over one cache.</summary>
public sealed class PrefillWeightsTests(ITestOutputHelper output)
{
    private static readonly int[] Prompt = [1, 260, 537, 546, 269, 547, 489, 314, 294, 551, 552, 491, 777, 290];
    private static readonly int[] Answer = [658, 296, 269, 318];

    public static TheoryData<string, string> Cases => new()
    {
        { "mobilellama", "w8a8" }, { "mobilellama", "w8a7" }, { "llama-gqa", "w8a7" }, { "mobilevlm-v2", "w8a7" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Both_sets_of_weights_use_one_cache_in_turn_and_are_near_the_exact_model(string name, string prefill)
    {
        using var temporary = new TemporaryFolder();
        var folder = ModelImporter.Import(
            GoldenFolder.Path(name), temporary["model"], PrecisionPlan.Parse("int8").WithPrefill(prefill),
            calibration: TestPhotographs.Set);
        Assert.True(folder.HasPrefill);
        Assert.StartsWith(prefill, folder.Manifest.Precision.Prefill, StringComparison.Ordinal);

        // Of 49 tokens; random weights, so two of them often have practically equal logits: 44 to 49, depending on the processor.
        Assert.InRange(folder.Manifest.Loss!.Prefill!.TopAgreement, 0.85, 1);
        folder.Verify();
        using var both = new LanguageDecoder(folder, new ExecutionSettings(1));
        using var one = new LanguageDecoder(folder, new ExecutionSettings(1) { UsePrefill = false });
        using var exact = GoldenModel.Get(name).Decoder.CreateState(64);
        using var state = both.CreateState(64);
        using var alone = one.CreateState(64);

        Near(exact.Append(Prompt), state.Append(Prompt), "prompt with prefill weights");
        Assert.NotEqual(alone.Append(Prompt).ToArray(), state.Logits(0).ToArray());
        foreach (var token in Answer)
        {
            Near(exact.Step(token), state.Step(token), "a step with decode weights after it");
        }

        Near(exact.Append(Prompt), state.Append(Prompt), "prefill weights after those steps");
    }

    [Fact]
    public void Few_tokens_per_pass_use_the_decode_weights()
    {
        using var temporary = new TemporaryFolder();
        var folder = ModelImporter.Import(
            GoldenFolder.Path("mobilellama"), temporary["model"], PrecisionPlan.Parse("int8").WithPrefill("w8a7"));
        using var both = new LanguageDecoder(folder, new ExecutionSettings(1) { MinPrefillTokens = 4 });
        using var one = new LanguageDecoder(folder, new ExecutionSettings(1) { UsePrefill = false });
        using var state = both.CreateState(64);
        using var alone = one.CreateState(64);
        Assert.Equal(alone.Append(Prompt.AsSpan(0, 3)).ToArray(), state.Append(Prompt.AsSpan(0, 3)).ToArray());
        Assert.NotEqual(alone.Append(Prompt.AsSpan(3, 4)).ToArray(), state.Append(Prompt.AsSpan(3, 4)).ToArray());
    }

    [Theory]
    [InlineData("w8")]
    [InlineData("int4")]
    [InlineData("")]
    public void Another_name_is_refused_with_the_valid_ones(string name) => Assert.Contains(
        "w8a8, w8a8s, w8a8u, w8a7, auto",
        Assert.Throws<FormatException>(() => PrecisionPlan.Int4.WithPrefill(name)).Message,
        StringComparison.Ordinal);

    private void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        var cosine = TensorPrimitives.CosineSimilarity(expected, actual);
        output.WriteLine($"{what}: cosine {cosine:f5}");
        Assert.True(cosine > 0.99, $"{what}: cosine {cosine:f5}.");
    }
}
