using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>A model in which one token's embedding is NaN or infinite: a question with that token has no answer, all others
/// are answered as by the intact model.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private const string Model = "mobilevlm-v2";

    private static readonly Question Person = new("Is there a person?", AnswerKind.YesNo);
    private static readonly Question Scene = new("Describe the picture.", AnswerKind.Text, 12);
    private static readonly Question Colour = new("Which colour?", AnswerKind.Choice) { Choices = ["red", "dark green"] };

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_question_that_gives_nan_fails_and_those_beside_it_are_answered_as_alone(float poison)
    {
        // The bell is byte token <0x07>, which is in no other question.
        var bad = new Question("Is \u0007 there?", AnswerKind.YesNo);
        Question[] questions = [Scene, bad, Person, bad with { Kind = AnswerKind.Text }, Colour, Person with { Text = "And a car?" }];
        var id = GoldenModel.Get(Model).Tokenizer.Encode("\u0007")[^1];
        using var intact = PackedQuestionsTests.WithPicture(Model);
        using var damaged = Poisoned(id, poison);

        for (var again = 0; again < 2; again++)
        {
            var answers = AskAll(damaged, questions);
            foreach (var (question, answer) in questions.Zip(answers))
            {
                if (question.Text == bad.Text)
                {
                    Assert.Equal((AnswerFailureKind.NotFinite, "", null), (answer.Failure?.Kind, answer.Value, answer.Score));
                }
                else
                {
                    AssertSame(intact.Ask(question), answer);
                }
            }
        }

        Assert.Throws<NonFiniteLogitsException>(() => damaged.Ask(bad));
        AssertSame(intact.Ask(Person), damaged.Ask(Person));

        // Together with the picture, too.
        using var picture = GoldenModel.Get(Model).Encode(Model, "case0.png");
        var reported = new Answer[questions.Length];
        damaged.AskAbout(picture, questions, (at, answer) => reported[at] = answer);
        foreach (var (question, answer) in questions.Zip(reported))
        {
            if (question.Text == bad.Text)
            {
                Assert.Equal(AnswerFailureKind.NotFinite, answer.Failure?.Kind);
            }
            else
            {
                AssertSame(intact.Ask(question), answer);
            }
        }
    }

    [Fact]
    public void A_choice_with_nan_in_a_later_row_fails_alone()
    {
        var bad = new Question("Which?", AnswerKind.Choice) { Choices = ["red", "green and \u0007 blue"] };
        using var intact = PackedQuestionsTests.WithPicture(Model);
        using var damaged = Poisoned(GoldenModel.Get(Model).Tokenizer.Encode("\u0007")[^1], float.NaN);

        var answers = AskAll(damaged, [bad, Person, Colour]);

        Assert.Equal(AnswerFailureKind.NotFinite, answers[0].Failure?.Kind);
        AssertSame(intact.Ask(Person), answers[1]);
        AssertSame(intact.Ask(Colour), answers[2]);
    }

    [Fact]
    public void A_text_that_meets_nan_while_it_is_generated_fails_alone()
    {
        using var intact = PackedQuestionsTests.WithPicture(Model);
        var other = new Question("What is on the road?", AnswerKind.Text, 9);
        var (scene, road) = (intact.Ask(Scene), intact.Ask(other));
        var (at, id) = scene.TokenIds.SkipLast(1).Index().First(it => it.Index > 0 && !road.TokenIds.Contains(it.Item));
        Assert.True(at > 0);
        using var damaged = Poisoned(id, float.NaN);

        var answers = AskAll(damaged, [Scene, other, Person]);

        Assert.Equal(AnswerFailureKind.NotFinite, answers[0].Failure?.Kind);
        AssertSame(road, answers[1]);
        AssertSame(intact.Ask(Person), answers[2]);
    }

    [Fact]
    public void A_picture_that_gives_nan_is_refused_and_the_next_one_is_asked_about()
    {
        using var intact = PackedQuestionsTests.WithPicture(Model);
        var model = GoldenModel.Get(Model);
        using var answerer = model.Answerer();
        using var bad = new VisualTokens(model.Folder.Manifest.VisualTokens, model.Folder.Manifest.Language.HiddenSize);
        bad.Values.Span.Fill(float.NaN);

        Assert.Throws<NonFiniteLogitsException>(() => answerer.PrefillPicture(bad));
        Assert.Throws<InvalidOperationException>(() => answerer.Ask(Person));
        using var good = model.Encode(Model, "case0.png");
        answerer.PrefillPicture(good);
        AssertSame(intact.Ask(Person), answerer.Ask(Person));
    }

    [Fact]
    public void The_log_probability_of_extreme_logits_is_finite()
    {
        var likelihood = LogSoftmax.At([-3e38f, 3e38f, 0], 0);
        Assert.Equal(-6e38, likelihood, 1e37);
    }

    private static Answer[] AskAll(QuestionAnswerer answerer, Question[] questions)
    {
        var reported = new Answer[questions.Length];
        answerer.AskAll(questions, (at, answer) =>
        {
            Assert.Null(reported[at]);
            reported[at] = answer;
        });
        Assert.All(reported, Assert.NotNull);
        return reported;
    }

    private static void AssertSame(Answer expected, Answer actual)
    {
        Assert.Null(actual.Failure);
        Assert.Equal((expected.Value, expected.Finish), (actual.Value, actual.Finish));
        Assert.Equal(expected.TokenIds, actual.TokenIds);
        Assert.Equal(expected.Score ?? 0, actual.Score ?? 0, 1e-5);
    }

    [Fact]
    public void One_nan_logit_is_found_at_any_index()
    {
        // The head is written last, so its last weight belongs to the last token of the vocabulary alone.
        var damaged = Damaged("decoder.onnx.data", weights => BitConverter.TryWriteBytes(weights.AsSpan(weights.Length - 4), float.NaN));
        using var picture = GoldenModel.Get(Model).Encode(Model, "case0.png");

        Assert.Throws<NonFiniteLogitsException>(() =>
        {
            using var answerer = QuestionAnswerer.Open(damaged, new ExecutionSettings(1), 512);
            answerer.PrefillPicture(picture);
            answerer.Ask(Person);
        });
    }

    private QuestionAnswerer Poisoned(int id, float value)
    {
        var model = GoldenModel.Get(Model);
        var hidden = model.Folder.Manifest.Language.HiddenSize;
        var place = (id * hidden) + (hidden / 2);
        var damaged = Damaged("embeddings.bin", table => _ = model.Folder.Manifest.Precision.Embedding switch
        {
            "fp32" => BitConverter.TryWriteBytes(table.AsSpan(place * sizeof(float)), value),
            "fp16" => BitConverter.TryWriteBytes(table.AsSpan(place * 2), (Half)value),
            "bf16" => BitConverter.TryWriteBytes(table.AsSpan(place * 2), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)),
            var other => throw new InvalidOperationException(other),
        });
        var answerer = QuestionAnswerer.Open(damaged, new ExecutionSettings(1), 512);
        using var picture = model.Encode(Model, "case0.png");
        answerer.PrefillPicture(picture);
        return answerer;
    }

    /// <summary>A copy of the model with one file changed, and a manifest that agrees.</summary>
    private ModelFolder Damaged(string name, Action<byte[]> change)
    {
        var path = _temporary.CopyModel(Model, "ill");
        var bytes = File.ReadAllBytes(Path.Combine(path, name));
        change(bytes);
        File.WriteAllBytes(Path.Combine(path, name), bytes);
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(path, "model.json")))!;
        manifest["files"]!.AsArray().Single(f => (string?)f!["path"] == name)!["sha256"] =
            Convert.ToHexStringLower(SHA256.HashData(bytes));
        File.WriteAllText(Path.Combine(path, "model.json"), manifest.ToJsonString());
        return ModelFolder.Open(path);
    }
}
