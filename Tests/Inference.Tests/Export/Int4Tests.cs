using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Tests.Answers;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Export;

/// <summary>The golden models at 4 bit. Their weights are random and their layers narrow, which is the worst case for
/// rounding: what is held here is that nothing is wired wrongly, not how well real models keep their answers.</summary>
public sealed class Int4Tests
{
    private const double LeastCosine = 0.92;

    public static TheoryData<string> Models => ["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower", "mobilellama", "llama-gqa"];

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_at_four_bit_says_so_and_computes_nearly_the_same(string name)
    {
        var (exact, rounded) = (GoldenModel.Get(name), GoldenModel.Get(name, "int4"));
        var precision = rounded.Folder.Manifest.Precision;
        Assert.Equal(("int4-b32", "int8-b32"), (precision.Decoder, precision.Head));
        Assert.Equal(exact.Folder.Manifest.Precision.Embedding, precision.Embedding);
        Assert.Equal(exact.Vision is null ? null : "fp32", precision.Vision);
        rounded.Folder.Verify();
        Assert.True(Size(rounded) < 0.35 * Size(exact), $"{Size(rounded)} bytes, {Size(exact)} at float32.");

        foreach (var golden in GoldenCase.Load(name))
        {
            int[] prompt = golden.Prompt_ids ?? [.. golden.Before_ids!, .. golden.After_ids!];
            using var exactState = exact.Decoder.CreateState(256);
            using var roundedState = rounded.Decoder.CreateState(256);
            Compare.SameDirection(exactState.Append(prompt), roundedState.Append(prompt), LeastCosine);
        }
    }

    [Theory]
    [InlineData("mobilevlm-v1")]
    [InlineData("mobilevlm-v2")]
    public void A_model_at_four_bit_answers_about_a_picture(string name)
    {
        var model = GoldenModel.Get(name, "int4");
        using var picture = QuestionAnswererTests.Look(model, name, "case0.png");
        using var answerer = model.Answerer();
        answerer.Prime(picture);
        var answer = answerer.Ask(new Question("Is there a person?", AnswerKind.Text, 12));
        Assert.InRange(answer.TokenIds.Count, 1, 12);
        Assert.Equal(answer.TokenIds, answerer.Ask(answer.Question).TokenIds);

        using var exact = GoldenModel.Get(name).Answerer();
        exact.Prime(picture);
        Compare.SameDirection(exact.FirstLogits("Is there a person?"), answerer.FirstLogits("Is there a person?"), LeastCosine);
    }

    private static long Size(GoldenModel model) =>
        model.Folder.Manifest.Files.Single(f => f.Path == "decoder.onnx.data").Size;
}
