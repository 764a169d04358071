using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>Questions asked together get the answers that each gets alone.</summary>
public sealed class PackedQuestionsTests
{
    private const double FloatNoise = 1e-5;

    private static readonly Question[] Mixed =
    [
        new("Describe the picture.", AnswerKind.Text, 24),
        new("Is there a person?", AnswerKind.YesNo),
        new("Which colour?", AnswerKind.Choice) { Choices = ["red", "dark green", "blue"] },
        new("Is the gate open, and if so, since when?", AnswerKind.YesNo),
        new("What is on the road?", AnswerKind.Text, 5),
        new("Day or night?", AnswerKind.Choice) { Choices = ["day", "night"] },
        new("Is there a person?", AnswerKind.YesNo),
        new("How many?", AnswerKind.Text, 1),
    ];

    public static TheoryData<string> Models => ["mobilevlm-v1", "mobilevlm-v2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Answers_together_equal_answers_alone(string name)
    {
        using var answerer = WithPicture(name);
        AssertSame([.. Mixed.Select(question => answerer.Ask(question))], Together(answerer, Mixed));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void More_questions_than_fit_the_cache_are_asked_in_batches(string name)
    {
        var all = Enumerable.Range(0, 40).Select(i => Mixed[i % Mixed.Length]).ToArray();
        using var answerer = WithPicture(name);
        var alone = Mixed.Select(question => answerer.Ask(question)).ToArray();
        AssertSame([.. all.Index().Select(q => alone[q.Index % Mixed.Length])], Together(answerer, all));
    }

    [Fact]
    public void Yes_no_and_choices_take_one_pass_for_all()
    {
        using var answerer = WithPicture("mobilevlm-v2");
        var before = answerer.Passes;
        var scored = Mixed.Where(q => q.Kind != AnswerKind.Text).ToArray();
        Assert.Equal(scored.Length, Together(answerer, scored).Length);
        Assert.Equal(1, answerer.Passes - before);
    }

    [Fact]
    public void Texts_take_one_pass_for_each_token_of_the_longest()
    {
        using var answerer = WithPicture("mobilevlm-v2");
        var before = answerer.Passes;
        var written = Together(answerer, Mixed);
        var longest = written.Max(a => a.TokenIds.Count);
        Assert.True(longest > 1);
        Assert.Equal(longest, answerer.Passes - before);
    }

    [Fact]
    public void Scored_answers_are_reported_before_any_text()
    {
        using var answerer = WithPicture("mobilevlm-v2");
        var reported = new List<AnswerKind>();
        answerer.AskAll(Mixed, (at, answer) =>
        {
            Assert.Equal((Mixed[at].Text, Mixed[at].Kind), (answer.Question.Text, answer.Question.Kind));
            reported.Add(answer.Question.Kind);
        });
        Assert.Equal(Mixed.Length, reported.Count);
        Assert.All(reported.Take(5), kind => Assert.NotEqual(AnswerKind.Text, kind));
    }

    [Fact]
    public void Choices_add_up_to_one_and_the_most_likely_is_the_value()
    {
        using var answerer = WithPicture("mobilevlm-v2");
        var answer = answerer.Ask(Mixed[2]);
        Assert.Equal(1, answer.ChoiceScores.Sum(), 9);
        Assert.Equal(answer.ChoiceScores.Max(), answer.Score);
        Assert.Equal(Mixed[2].Choices[answer.ChoiceScores.ToList().IndexOf(answer.Score!.Value)], answer.Value);
    }

    [Fact]
    public void A_choice_score_is_the_likelihood_of_its_spellings()
    {
        var model = GoldenModel.Get("mobilevlm-v2");
        using var answerer = WithPicture("mobilevlm-v2");
        var question = Mixed[5];
        var likelihoods = question.Choices.Select(choice => new[] { choice, char.ToUpperInvariant(choice[0]) + choice[1..] }
            .Sum(spelling => Likelihood(answerer, question.Text, [.. model.Tokenizer.Encode(spelling), model.Tokenizer.EndId]))).ToArray();
        var answer = answerer.Ask(question);
        Assert.Equal(likelihoods[0] / likelihoods.Sum(), answer.ChoiceScores[0], 5);
    }

    [Theory]
    [InlineData("day")]
    [InlineData("day", "Day")]
    [InlineData("day", " ")]
    public void A_choice_between_texts_that_do_not_differ_is_refused(params string[] choices)
    {
        using var answerer = WithPicture("mobilevlm-v2");
        Assert.Throws<ArgumentException>(
            () => answerer.Ask(new Question("Day or night?", AnswerKind.Choice) { Choices = choices }));
        Assert.NotNull(answerer.Ask(Mixed[1]).Score);
    }

    [Fact]
    public void Cancelling_keeps_scored_answers_and_ends_texts()
    {
        using var answerer = WithPicture("mobilevlm-v2");
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var reported = new Answer[2];
        answerer.AskAll([Mixed[0], Mixed[1]], (at, answer) => reported[at] = answer, cancel.Token);
        Assert.Equal((FinishReason.Cancelled, FinishReason.Stopped), (reported[0].Finish, reported[1].Finish));
    }

    [Fact]
    public void A_sampled_text_is_the_same_with_a_draft()
    {
        using var answerer = WithPicture("mobilevlm-v2");
        var question = Mixed[0];
        var plain = answerer.Ask(question, Sampler.TopP(1, 0.9f, 7), null);
        var drafted = answerer.Ask(question with { Draft = plain.TokenIds }, Sampler.TopP(1, 0.9f, 7), null);
        Assert.Equal(plain.TokenIds, drafted.TokenIds);
    }

    private static double Likelihood(QuestionAnswerer answerer, string question, int[] ids)
    {
        var likelihood = 0.0;
        for (var i = 0; i < ids.Length; i++)
        {
            var row = answerer.LogitsAfter(question, ids.AsSpan(0, i));
            likelihood += LogSoftmax.At(row, ids[i]);
        }

        return Math.Exp(likelihood);
    }

    private static Answer[] Together(QuestionAnswerer answerer, Question[] questions)
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

    private static void AssertSame(Answer[] expected, Answer[] actual)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].TokenIds, actual[i].TokenIds);
            Assert.Equal((expected[i].Value, expected[i].Text, expected[i].Finish), (actual[i].Value, actual[i].Text, actual[i].Finish));
            Assert.Equal(expected[i].Score ?? 0, actual[i].Score ?? 0, FloatNoise);
            Assert.Equal(expected[i].ChoiceScores.Count, actual[i].ChoiceScores.Count);
        }
    }

    internal static QuestionAnswerer WithPicture(string name)
    {
        var model = GoldenModel.Get(name);
        var answerer = model.Answerer();
        using var picture = model.Encode(name, "case0.png");
        answerer.PrefillPicture(picture);
        return answerer;
    }
}
