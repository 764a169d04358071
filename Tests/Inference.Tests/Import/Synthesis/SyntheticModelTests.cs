using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Synthesis;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Import.Synthesis;

/// <summary>A synthetic model is imported, asked, and answers.</summary>
public sealed class SyntheticModelTests
{
    [Theory]
    [InlineData("mobilevlm-1.7b-tiny", "int4")]
    [InlineData("mobilevlm-3b-tiny", "fp32")]
    [InlineData("mobilevlm-v2-1.7b-tiny", "fp32")]
    [InlineData("mobilevlm-v2-3b-tiny", "int4")]
    [InlineData("mobilevlm-v2-7b-tiny", "int4")]
    [InlineData("llava-1.5-7b-tiny", "int4", 576)]
    public void Each_model_with_vision_is_imported_and_answers(string like, string precision, int visualTokens = 144)
    {
        using var source = new SyntheticFolder(like, new SynthesisOptions(Outliers: true));
        using var target = new TemporaryFolder();
        var folder = ModelImporter.Import(source.Path, target["model"], PrecisionPlan.Parse(precision));
        Assert.Equal(visualTokens, folder.Manifest.VisualTokens);
        using var encoder = new VisionEncoder(folder, new ExecutionSettings(1));
        using var answerer = QuestionAnswerer.Open(folder, new ExecutionSettings(1), capacity: 512 + visualTokens);
        using var tokens = encoder.Encode(new RgbImage(new byte[3 * 64 * 48], 64, 48));
        answerer.PrefillPicture(tokens);
        var scored = answerer.Ask(new Question("Is there a person?", AnswerKind.YesNo, 1));
        Assert.InRange(scored.Score!.Value, 0.0, 1.0);
        Assert.NotEmpty(answerer.Ask(new Question("What is in the picture?", AnswerKind.Text, 4)).TokenIds);
    }

    [Theory]
    [InlineData("mobilellama-1.4b-tiny")]
    [InlineData("mobilellama-2.7b-chat-tiny")]
    public void Each_model_of_text_is_imported_and_continues_a_text(string like)
    {
        using var source = new SyntheticFolder(like, new SynthesisOptions(Format: "safetensors"));
        using var target = new TemporaryFolder();
        var folder = ModelImporter.Import(source.Path, target["model"], PrecisionPlan.Int4);
        var tokenizer = LlamaTextTokenizer.Open(folder);
        using var decoder = new LanguageDecoder(folder, new ExecutionSettings(1));
        using var state = decoder.CreateState(64);
        var logits = state.Append([tokenizer.BeginId, .. tokenizer.Encode("Once upon a time")]);
        Assert.Equal(32000, logits.Length);
        Assert.True(float.IsFinite(logits[31999]));
    }

    [Fact]
    public void The_tokenizer_has_the_whole_vocabulary_and_gives_back_every_text()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = LlamaTextTokenizer.Open(folder.Write("tokenizer.model", SyntheticTokenizer.Make(32000)));
        Assert.Equal((32000, 1, 2), (tokenizer.Count, tokenizer.BeginId, tokenizer.EndId));
        Assert.Equal([tokenizer.PieceId("▁Yes")!.Value], tokenizer.Encode("Yes"));
        Assert.Equal([tokenizer.PieceId("▁picture")!.Value], tokenizer.Encode("picture"));
        foreach (var text in (string[])["Is there a person? {x: 1}", "\n中文 é 😀", "banana nomodo", "  two  spaces "])
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }

        Assert.InRange(tokenizer.Encode(VicunaPrompt.BeforePicture).Count, 15, 80);
    }
}
