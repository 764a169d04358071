using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Images;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>Graphs for a GPU compute in float16. The processor runs the same graphs, and so shows their numbers beside
/// what the reference computes in float32.</summary>
public sealed class HalfPrecisionTests
{
    /// <summary>Of the largest magnitude. float16 has 11 bits: each rounding is up to 0.0005.</summary>
    private const double Tolerance = 1e-2;

    private static readonly int[][] Continuations = [[269, 318], [537], [294, 551, 552]];
    private static readonly int[] Prompt = [1, 260, 537, 546, 269, 547, 489, 314, 294, 551, 552, 491, 777, 290];

    [Theory]
    [MemberData(nameof(GoldenTests.VisionCases), MemberType = typeof(GoldenTests))]
    public void Features_tokens_and_logits_are_near_the_reference_and_answers_are_its_own(string name, int index)
    {
        var model = GoldenModel.Get(name, "fp16", "fp16", cuda: true);
        var expected = GoldenTensors.Load(name);
        var golden = GoldenCase.Load(name)[index];
        lock (model.VisionTurn)
        {
            Compare.Close(
                expected.Floats($"case{index}.patch_features"),
                model.Vision!.PatchFeatures(expected.Floats($"case{index}.pixel_values")), Tolerance);
            using var tokens = model.Vision.Encode(TestPicture.Load(GoldenFolder.Path(name, golden.Image!)).Image);
            Compare.Close(expected.Floats($"case{index}.visual_tokens"), tokens.Values.Span, Tolerance);
            using var answerer = model.Answerer();
            answerer.PrefillPicture(tokens);
            Compare.Close(expected.Floats($"case{index}.first_logits"), answerer.FirstLogits(golden.Question!), Tolerance);
            Assert.Equal(golden.Greedy_ids, answerer.Ask(new Question(golden.Question!, AnswerKind.Text, 24)).TokenIds);
        }
    }

    /// <summary>The text models are random, so that their tokens are often as likely as others: where another one is
    /// written, the reference's must have led by no more than the error of float16.</summary>
    [Theory]
    [MemberData(nameof(GoldenTests.TextCases), MemberType = typeof(GoldenTests))]
    public void Text_is_the_reference_s_own_up_to_ties(string name, int index)
    {
        var model = GoldenModel.Get(name, "fp16", cuda: true, vision: "fp16");
        var golden = GoldenCase.Load(name)[index];
        using var state = model.Decoder.CreateState(256);
        state.Append(golden.Prompt_ids!);
        var written = new TextGenerator(model.Tokenizer).Generate(
            state, Sampler.Greedy, new GenerationOptions(golden.Greedy_ids.Length));
        var at = golden.Greedy_ids.Zip(written.TokenIds).TakeWhile(pair => pair.First == pair.Second).Count();
        if (at == golden.Greedy_ids.Length)
        {
            return;
        }

        using var exact = GoldenModel.Get(name).Decoder.CreateState(256);
        var logits = exact.Append([.. golden.Prompt_ids!, .. golden.Greedy_ids[..at]]);
        var (led, largest) = (logits[golden.Greedy_ids[at]] - logits[written.TokenIds[at]], MathF.Abs(TensorPrimitives.MaxMagnitude(logits)));
        Assert.True(led <= 2 * Tolerance * largest, $"Token {at}: the reference's led by {led:g3}, the largest logit is {largest:g3}.");
    }

    [Theory]
    [InlineData("int4")]
    [InlineData("int4-b128-zp")]
    [InlineData("int8")]
    public void Rounded_weights_lose_no_more_than_beside_float32(string precision)
    {
        using var half = GoldenModel.Get("mobilellama", precision, "fp16", cuda: true).Decoder.CreateState(64);
        using var single = GoldenModel.Get("mobilellama", precision, "fp16").Decoder.CreateState(64);
        Compare.Close(single.Append(Prompt), half.Append(Prompt), 5e-2);
        Compare.Close(single.Step(658), half.Step(658), 5e-2);
    }

    [Fact]
    public void The_cache_and_its_type_in_the_manifest_are_float16()
    {
        var model = GoldenModel.Get("mobilevlm-v2", "fp16", "fp16", cuda: true);
        Assert.Equal(TensorElementType.Float16, model.Decoder.KeyValueType);
        Assert.Equal("fp16", model.Folder.Manifest.Precision.Activations);
        var decoder = model.Folder.Manifest.Signatures[ModelFolder.DecoderFile];
        Assert.All(decoder.Inputs.Where(i => i.Name.StartsWith("past", StringComparison.Ordinal)), i => Assert.Equal("Float16", i.Type));
        Assert.Equal("Float", decoder.Outputs.Single(o => o.Name == DecoderTensors.Logits).Type);
        Assert.Equal(2 * GoldenModel.Get("mobilevlm-v2").Folder.Manifest.Language.Layers, decoder.Inputs.Count(i => i.Type == "Float16"));
    }

    [Theory]
    [InlineData("fp32", "fp16", "decoder in 'fp32'")]
    [InlineData("fp16", "fp32", "vision encoder in 'fp32'")]
    [InlineData("int4", "w8a8", "vision encoder in 'w8a8")]
    [InlineData("w8a8", "fp16", "decoder in 'w8a8")]
    public void What_a_gpu_has_no_kernels_for_is_refused(string decoder, string vision, string named)
    {
        var fault = Assert.Throws<FormatException>(() => PrecisionPlan.Parse(decoder, vision).OnCuda());
        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_choice_is_made_among_what_a_gpu_has_kernels_for()
    {
        var plan = PrecisionPlan.Parse("auto", "auto").OnCuda();
        Assert.DoesNotContain(plan.DecoderRecipes, r => r.Name == "fp32");
        Assert.DoesNotContain(plan.VisionRecipes, r => r.Name is "fp32" or "w8a8" or "w8a7");
        Assert.Equal("fp16", plan.DecoderRecipes[^1].Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_its_state_in_memory_of_the_device_a_decoder_computes_the_same(bool cuda)
    {
        var model = cuda ? GoldenModel.Get("mobilevlm-v2", "fp16", "fp16", cuda: true) : GoldenModel.Get("mobilevlm-v2");
        using var other = new LanguageDecoder(model.Folder, new ExecutionSettings(1) { TreatsCpuAsDevice = true });
        using var expected = model.Decoder.CreateState(64);
        using var found = other.CreateState(64);
        Assert.Equal(expected.Append(Prompt).ToArray(), found.Append(Prompt).ToArray());
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(expected.Step(658).ToArray(), found.Step(658).ToArray());
            Assert.Equal(expected.Step(296).ToArray(), found.Step(296).ToArray());
            SequenceTokens[] Parts(DecoderState state) => [.. Continuations.Select(ids => new SequenceTokens(state.Fork(), ids, 1))];
            expected.Append(Parts(expected));
            found.Append(Parts(found));
            Assert.All(Enumerable.Range(0, Continuations.Length), i => Assert.Equal(expected.Logits(i).ToArray(), found.Logits(i).ToArray()));
            expected.Rewind(Prompt.Length);
            found.Rewind(Prompt.Length);
        }
    }

    [Theory]
    [InlineData(TensorElementType.Float)]
    [InlineData(TensorElementType.Float16)]
    public void Memory_of_a_device_is_zeros_before_it_is_used(TensorElementType type)
    {
        using var zeros = new DeviceZeros(new ExecutionSettings(1), type);
        long[] shape = [1, 2, 3, 4];
        using var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
        var bytes = value.GetTensorMutableRawData();
        bytes.Fill(0xFF);
        zeros.Fill([value], shape);
        Assert.All(value.GetTensorMutableRawData().ToArray(), b => Assert.Equal(0, b));
    }
}
