using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>A picture that goes through the decoder together with its first questions is asked about as one that went before.</summary>
public sealed class PictureWithQuestionsTests
{
    private const string V2 = "mobilevlm-v2";

    private static readonly Question Person = new("Is there a person?", AnswerKind.YesNo);

    private static readonly Question[] Mixed =
    [
        new("Describe the picture.", AnswerKind.Text, 24),
        Person,
        new("Which colour?", AnswerKind.Choice) { Choices = ["red", "dark green", "blue"] },
        new("What is on the road?", AnswerKind.Text, 5),
        new("Day or night?", AnswerKind.Choice) { Choices = ["day", "night"] },
    ];

    [Theory]
    [InlineData("mobilevlm-v1", 1)]
    [InlineData(V2, 1)]
    [InlineData(V2, 8)]
    public void The_answers_are_those_after_a_pass_of_its_own(string name, int times)
    {
        Question[] questions = [.. Enumerable.Repeat(Mixed, times).SelectMany(it => it)];
        var model = GoldenModel.Get(name);
        using var apart = PackedQuestionsTests.WithPicture(name);
        using var together = model.Answerer();
        foreach (var file in (string[])["case0.png", "case1.png"])
        {
            using var picture = model.Encode(name, file);
            apart.PrefillPicture(picture);
            AssertSame(Ask(apart, null, questions), Ask(together, picture, questions));

            // The picture stays in the cache.
            AssertSame(Ask(apart, null, Mixed), Ask(together, null, Mixed));
        }
    }

    [Fact]
    public void A_picture_and_its_scored_questions_take_one_pass()
    {
        var model = GoldenModel.Get(V2);
        using var picture = model.Encode(V2, "case0.png");
        using var answerer = model.Answerer();
        var before = answerer.Passes;
        Ask(answerer, picture, [.. Mixed.Where(question => question.Kind != AnswerKind.Text)]);
        Assert.Equal(1, answerer.Passes - before);
    }

    [Fact]
    public void A_picture_without_questions_is_prefilled()
    {
        var model = GoldenModel.Get(V2);
        using var picture = model.Encode(V2, "case0.png");
        using var apart = PackedQuestionsTests.WithPicture(V2);
        using var answerer = model.Answerer();
        answerer.AskAbout(picture, [], (_, _) => Assert.Fail("There was no question."));
        AssertSame(Ask(apart, null, Mixed), Ask(answerer, null, Mixed));
    }

    [Fact]
    public void A_picture_all_of_whose_questions_are_too_long_can_be_asked_about_afterwards()
    {
        var model = GoldenModel.Get(V2);
        using var picture = model.Encode(V2, "case0.png");
        using var apart = PackedQuestionsTests.WithPicture(V2);
        using var answerer = model.Answerer();
        var answer = Assert.Single(Ask(answerer, picture, [new Question(string.Concat(Enumerable.Repeat("long ", 2000)), AnswerKind.YesNo)]));
        Assert.Equal(AnswerFailureKind.TooLong, answer.Failure?.Kind);
        AssertSame(Ask(apart, null, Mixed), Ask(answerer, null, Mixed));
    }

    [Fact]
    public void A_picture_that_gives_nan_is_reported_as_the_picture_and_no_question_is_answered()
    {
        var model = GoldenModel.Get(V2);
        using var answerer = model.Answerer();
        using var good = model.Encode(V2, "case0.png");
        var expected = Ask(answerer, good, Mixed);
        using var bad = new VisualTokens(good.Count, good.HiddenSize);
        bad.Values.Span.Fill(float.NaN);

        Assert.Throws<NonFiniteLogitsException>(() => answerer.AskAbout(bad, Mixed, (_, _) => Assert.Fail("It was answered.")));
        Assert.Throws<InvalidOperationException>(() => answerer.Ask(Person));
        AssertSame(expected, Ask(answerer, good, Mixed));
    }

    [Fact]
    public void A_picture_that_does_not_fit_or_is_of_another_model_is_refused()
    {
        var model = GoldenModel.Get(V2);
        using var picture = model.Encode(V2, "case0.png");
        using var tight = new QuestionAnswerer(model.Folder, model.Decoder, picture.Count);
        Assert.Throws<ContextFullException>(() => tight.AskAbout(picture, Mixed, (_, _) => Assert.Fail("It was answered.")));
        using var foreign = new VisualTokens(picture.Count, picture.HiddenSize + 1);
        Assert.Throws<ArgumentException>(() => tight.AskAbout(foreign, Mixed, (_, _) => Assert.Fail("It was answered.")));
    }

    private static Answer[] Ask(QuestionAnswerer answerer, VisualTokens? picture, Question[] questions)
    {
        var reported = new Answer[questions.Length];
        void OnAnswer(int at, Answer answer)
        {
            Assert.Null(reported[at]);
            reported[at] = answer;
        }

        if (picture is null)
        {
            answerer.AskAll(questions, OnAnswer);
        }
        else
        {
            answerer.AskAbout(picture, questions, OnAnswer);
        }

        Assert.All(reported, Assert.NotNull);
        return reported;
    }

    private static void AssertSame(Answer[] expected, Answer[] actual)
    {
        Assert.All(expected.Zip(actual), pair =>
        {
            Assert.Null(pair.Second.Failure);
            Assert.Equal(pair.First.TokenIds, pair.Second.TokenIds);
            Assert.Equal((pair.First.Value, pair.First.Text, pair.First.Finish), (pair.Second.Value, pair.Second.Text, pair.Second.Finish));
            Assert.Equal(pair.First.Score ?? 0, pair.Second.Score ?? 0, 1e-5);
        });
    }
}
