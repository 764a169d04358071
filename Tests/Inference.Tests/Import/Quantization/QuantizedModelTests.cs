using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Tests.Models;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>The golden models in every precision. Their weights are random and their layers narrow, which is the worst
/// case for quantization: the tests show that nothing is connected wrongly, not how well real models keep their answers.</summary>
public sealed class QuantizedModelTests(ITestOutputHelper output)
{
    private static readonly string[] Models = ["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower", "mobilellama", "llama-gqa"];

    /// <summary>Name, largest share of the float32 file, least cosine of the logits. Rows of 128 and less are padded to
    /// whole blocks, which is why large blocks save nothing here.</summary>
    private static readonly (string Name, double Size, double Cosine)[] Decoders =
    [
        ("fp16", 0.53, 0.99999), ("int8", 0.42, 0.999), ("int8-b128", 0.55, 0.999),
        ("w8a8", 0.55, 0.99), ("w8a7", 0.55, 0.99),
        ("int4", 0.30, 0.94), ("int4-b64", 0.35, 0.94), ("int4-b128", 0.40, 0.94),
        ("int4-zp", 0.30, 0.94), ("int4-b128-zp", 0.40, 0.94), ("int4-mixed", 0.30, 0.96), ("int4-b128-mixed", 0.45, 0.96),
    ];

    private static readonly (string Name, double Size, double Cosine)[] Visions =
    [
        ("fp16", 0.80, 0.99999), ("w8a8", 0.90, 0.999), ("w8a7", 0.90, 0.999), ("int8", 0.70, 0.999), ("int8-b128", 0.90, 0.999), ("int4", 0.65, 0.98),
    ];

    public static TheoryData<string, string, double, double> DecoderCases => Cases(Models, Decoders);

    public static TheoryData<string, string, double, double> VisionCases => Cases(Models[..3], Visions);

    [Theory]
    [MemberData(nameof(DecoderCases))]
    public void A_decoder_in_few_bits_records_them_and_computes_nearly_the_same(string name, string recipe, double size, double cosine)
    {
        var (exact, quantized) = (GoldenModel.Get(name), GoldenModel.Get(name, recipe));
        Assert.Equal(exact.Folder.Manifest.Precision.Embedding, quantized.Folder.Manifest.Precision.Embedding);
        Assert.Equal(recipe.EndsWith("mixed", StringComparison.Ordinal), quantized.Folder.Manifest.Precision.Sensitive is not null);
        quantized.Folder.Verify();
        var share = Size(quantized, "decoder.onnx.data") / Size(exact, "decoder.onnx.data");
        var cosines = new List<double>();
        foreach (var golden in GoldenCase.Load(name))
        {
            int[] prompt = golden.Prompt_ids ?? [.. golden.Before_ids!, .. golden.After_ids!];
            using var exactState = exact.Decoder.CreateState(256);
            using var quantizedState = quantized.Decoder.CreateState(256);
            cosines.Add(TensorPrimitives.CosineSimilarity(exactState.Append(prompt), quantizedState.Append(prompt)));
        }

        output.WriteLine($"{name} {recipe}: size {share:p1}, cosines {string.Join(' ', cosines.Select(c => c.ToString("f5")))}");
        Assert.True(share <= size, $"{share:p1} of float32's size.");
        Assert.True(cosines.Average() >= cosine, $"Cosine {cosines.Average():f5}.");
    }

    [Theory]
    [MemberData(nameof(VisionCases))]
    public void An_encoder_in_few_bits_makes_nearly_the_same_tokens(string name, string recipe, double size, double cosine)
    {
        var (exact, quantized) = (GoldenModel.Get(name), GoldenModel.Get(name, vision: recipe));
        var precision = quantized.Folder.Manifest.Precision;
        Assert.Equal("fp32", precision.Decoder);
        Assert.StartsWith(recipe, precision.Vision, StringComparison.Ordinal);
        Assert.Equal(recipe.StartsWith("w8", StringComparison.Ordinal) ? $"{precision.Vision}-e32" : null, precision.VisionOutlierProne);
        quantized.Folder.Verify();
        var share = Size(quantized, "vision.onnx.data") / Size(exact, "vision.onnx.data");
        using var expected = exact.Encode(name, "case0.png");
        using var found = quantized.Encode(name, "case0.png");
        var similarity = TensorPrimitives.CosineSimilarity<float>(expected.Values.Span, found.Values.Span);
        output.WriteLine($"{name} {recipe}: size {share:p1}, cosine {similarity:f5}");
        Assert.True(share <= size, $"{share:p1} of float32's size.");
        Assert.True(similarity >= cosine, $"Cosine {similarity:f5}.");
    }

    [Theory]
    [InlineData("mobilevlm-v1", "int4", "fp32")]
    [InlineData("mobilevlm-v2", "int4", "fp32")]
    [InlineData("mobilevlm-v2", "int4-b128-zp", "int8")]
    [InlineData("mobilevlm-v1", "int4-mixed", "w8a8")]
    [InlineData("mobilevlm-v2", "int8", "w8a8")]
    [InlineData("mobilevlm-v1-separate-tower", "fp16", "fp16")]
    public void A_model_in_few_bits_answers_about_a_picture(string name, string decoder, string vision)
    {
        var model = GoldenModel.Get(name, decoder, vision);
        using var picture = model.Encode(name, "case0.png");
        using var answerer = model.Answerer();
        answerer.PrefillPicture(picture);
        var answer = answerer.Ask(new Question("Is there a person?", AnswerKind.Text, 12));
        Assert.InRange(answer.TokenIds.Count, 1, 12);
        Assert.Equal(answer.TokenIds, answerer.Ask(answer.Question).TokenIds);
    }

    private static TheoryData<string, string, double, double> Cases(
        IEnumerable<string> models, (string Name, double Size, double Cosine)[] recipes)
    {
        var data = new TheoryData<string, string, double, double>();
        foreach (var model in models)
        {
            foreach (var (name, size, cosine) in recipes)
            {
                data.Add(model, name, size, cosine);
            }
        }

        return data;
    }

    private static double Size(GoldenModel model, string file) =>
        model.Folder.Manifest.Files.Single(f => f.Path == file).Size;
}
