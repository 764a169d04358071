using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>The counted tokens are those that the engine needs, neither more nor less.</summary>
public sealed class QuestionTokenCounterTests : IDisposable
{
    private static readonly Question[] Questions =
    [
        new("Is there a person?", AnswerKind.YesNo),
        new("มีคนอยู่ที่ประตูไหม 😀 \u0007", AnswerKind.YesNo),
        new("Which colour?", AnswerKind.Choice) { Choices = ["red", "dark green with a very long name", "ÄÖÜ"] },
        new("Describe the picture.", AnswerKind.Text, 1),
        new("Describe the picture.", AnswerKind.Text, 7),
    ];

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("mobilevlm-v1")]
    [InlineData("mobilevlm-v2")]
    public void A_question_of_a_golden_model_runs_in_exactly_so_many_tokens_and_not_in_one_less(string name)
    {
        var model = GoldenModel.Get(name);
        using var picture = model.Encode(name, "case0.png");
        RunsInExactly(QuestionTokenCounter.Open(model.Folder.FolderPath), model.Folder, model.Decoder, picture, 0);
    }

    [Fact]
    public void A_question_of_the_demo_model_runs_in_exactly_so_many_tokens_and_not_in_one_less()
    {
        var folder = ModelImporter.Import(
            GoldenFolder.Path("..", "..", "Deploy", "demo", "mobilevlm-demo-gate"), _temporary["demo"], PrecisionPlan.Fp32);
        using var decoder = new LanguageDecoder(folder, new ExecutionSettings(1));
        using var picture = Grey(folder.Manifest.VisualTokens, folder);
        RunsInExactly(QuestionTokenCounter.Open(folder.FolderPath), folder, decoder, picture, 0);
    }

    [Fact]
    public void A_model_of_text_only_counts_no_frame()
    {
        var model = GoldenModel.Get("llama-gqa");
        var counter = QuestionTokenCounter.Open(model.Folder.FolderPath);
        Assert.Equal(0, counter.VisualTokenCount);
        Assert.Equal(model.Folder.Manifest.Language.MaxPositions, counter.MaxPositions);

        // Primed with three made-up tokens, because the engine does not ask about nothing.
        using var picture = Grey(3, model.Folder);
        RunsInExactly(counter, model.Folder, model.Decoder, picture, 3);
    }

    [Fact]
    public void Choices_of_the_same_tokens_are_found()
    {
        var counter = QuestionTokenCounter.Open(GoldenModel.Get("mobilevlm-v1").Folder.FolderPath);
        Assert.Null(counter.FindSameChoices(["red", "Green", "red green", "RED greens"]));

        // Halves of characters cannot be written in UTF-8, so all of them are the same replacement character.
        Assert.Equal(("\ud800", "\udfff"), counter.FindSameChoices(["red", "\ud800", "\udfff"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("model.json")]
    [InlineData("tokenizer.model")]
    public void What_is_missing_or_damaged_is_one_kind_of_exception(string damaged)
    {
        if (damaged.Length > 0)
        {
            _temporary.CopyModel("mobilevlm-v1", "model", ["model.json", "tokenizer.model"]);
            _ = QuestionTokenCounter.Open(_temporary["model"]);
            File.WriteAllText(_temporary[$"model/{damaged}"], "not this");
        }

        Assert.Throws<ModelFolderException>(() => QuestionTokenCounter.Open(_temporary["model"]));
    }

    private static void RunsInExactly(
        QuestionTokenCounter counter, ModelFolder folder, LanguageDecoder decoder, VisualTokens picture, int more)
    {
        foreach (var question in Questions)
        {
            var need = (int)counter.Count(question) + more;
            var roomy = Ask(folder, decoder, picture, question, decoder.MaxPositions);
            var exact = Ask(folder, decoder, picture, question, need);
            var short1 = Ask(folder, decoder, picture, question, need - 1);
            Assert.Null(exact.Failure);
            Assert.Equal((roomy.Value, roomy.Finish), (exact.Value, exact.Finish));
            Assert.Equal(roomy.TokenIds, exact.TokenIds);
            if (question is { Kind: AnswerKind.Text, MaxTokens: > 1 })
            {
                Assert.Equal(question.MaxTokens, exact.TokenIds.Count);
                Assert.Equal(question.MaxTokens - 1, short1.TokenIds.Count);
            }
            else
            {
                Assert.Equal((AnswerFailureKind.TooLong, FinishReason.Failed), (short1.Failure?.Kind, short1.Finish));
            }
        }
    }

    private static Answer Ask(
        ModelFolder folder, LanguageDecoder decoder, VisualTokens picture, Question question, int capacity)
    {
        using var answerer = new QuestionAnswerer(folder, decoder, capacity);
        answerer.PrefillPicture(picture);
        Answer? reported = null;
        answerer.AskAll([question], (_, answer) => reported = answer);
        return Assert.IsType<Answer>(reported);
    }

    private static VisualTokens Grey(int count, ModelFolder folder)
    {
        var picture = new VisualTokens(count, folder.Manifest.Language.HiddenSize);
        picture.Values.Span.Fill(0.01f);
        return picture;
    }
}
