using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>A guess saves passes when it holds and changes nothing when it does not.</summary>
public sealed class DraftTests(ITestOutputHelper output)
{
    /// <summary>In standard deviations of a position's logits.</summary>
    private const float LargestTie = 0.1f;

    private static readonly Question Asked = new("Describe the picture.", AnswerKind.Text, 40);

    public static TheoryData<string> Models => ["mobilevlm-v1", "mobilevlm-v2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void The_right_guess_takes_a_fraction_of_the_passes(string name)
    {
        using var answerer = PackedQuestionsTests.Primed(name);
        var (plain, passes) = Ask(answerer, Asked);
        Assert.Equal(plain.TokenIds.Count, passes);
        var (drafted, fewer) = Ask(answerer, Asked with { Draft = plain.TokenIds });
        Assert.Equal(plain.TokenIds, drafted.TokenIds);
        Assert.InRange(fewer, 1, (passes / 8) + 2);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_guess_leaves_the_answer_as_it_is(string name)
    {
        using var answerer = PackedQuestionsTests.Primed(name);
        var (plain, _) = Ask(answerer, Asked);
        int[] right = [.. plain.TokenIds];
        var random = new Random(4);
        int[][] guesses =
        [
            [5], [.. Enumerable.Repeat(5, 300)], right[1..], right[..3], [.. right, .. right], [.. right[..6], 9, .. right[7..]],
            [.. right[..6], .. right[8..]], [.. right[..4], 9, 9, 9, .. right[4..]], [.. right.Reverse()], [.. right, 5, 6, 7],
            .. Enumerable.Range(0, 20).Select(_ => right.Select(id => random.Next(4) == 0 ? random.Next(3, 800) : id).ToArray()),
        ];
        foreach (var guess in guesses)
        {
            var (drafted, _) = Ask(answerer, Asked with { Draft = guess });
            Assert.Equal(right, drafted.TokenIds);
            Assert.Equal((plain.Text, plain.Finish), (drafted.Text, drafted.Finish));
        }
    }

    [Fact]
    public void Guesses_of_several_texts_do_not_get_in_each_others_way()
    {
        using var answerer = PackedQuestionsTests.Primed("mobilevlm-v2");
        Question[] questions = [Asked, new("What is on the road?", AnswerKind.Text, 17), new("And now?", AnswerKind.Text, 30)];
        var alone = questions.Select(q => Ask(answerer, q).Answer).ToArray();
        var told = new Answer[questions.Length];
        int[][] guesses = [[.. alone[0].TokenIds], [.. alone[1].TokenIds.Take(5), 7, 8], [.. alone[2].TokenIds.Skip(2)]];
        answerer.AskAll(
            [.. questions.Select((q, i) => q with { Draft = guesses[i] })], (at, answer) => told[at] = answer);
        Assert.Equal(alone.Select(a => a.TokenIds), told.Select(a => a.TokenIds));
    }

    [Theory]
    [InlineData("w8a8")]
    [InlineData("w8a7")]
    public void In_rows_of_eight_bits_no_guess_changes_an_answer(string precision)
    {
        var model = GoldenModel.Get("mobilevlm-v2", precision);
        using var answerer = model.Answerer();
        using var picture = QuestionAnswererTests.Look(GoldenModel.Get("mobilevlm-v2"), "mobilevlm-v2", "case0.png");
        answerer.Prime(picture);
        var (plain, _) = Ask(answerer, Asked);
        int[] right = [.. plain.TokenIds];
        var random = new Random(5);
        foreach (var guess in Enumerable.Range(0, 20).Select(i => right.Select(id => random.Next(20) < i ? random.Next(3, 800) : id).ToArray()))
        {
            Assert.Equal(right, Ask(answerer, Asked with { Draft = guess }).Answer.TokenIds);
        }
    }

    [Theory]
    [InlineData("mobilevlm-v1", "int4")]
    [InlineData("mobilevlm-v2", "int8")]
    public void With_two_sets_of_weights_neither_a_guess_nor_company_changes_an_answer_but_where_two_tokens_are_equal(string name, string precision)
    {
        using var temporary = new TemporaryFolder();
        var folder = ModelImporter.Import(
            GoldenFolder.Path(name), temporary["model"], PrecisionPlan.Parse(precision).WithPrefill("w8a7"));
        using var answerer = QuestionAnswerer.Open(folder, new ExecutionSettings(1), 512);
        using var picture = QuestionAnswererTests.Look(GoldenModel.Get(name), name, "case0.png");
        answerer.Prime(picture);
        Question[] questions = [Asked, new("What is on the road?", AnswerKind.Text, 17), new("And now?", AnswerKind.Text, 30), new("Is it day?", AnswerKind.YesNo)];
        var alone = questions.Select(q => Ask(answerer, q).Answer).ToArray();
        var (drafted, passes) = Ask(answerer, Asked with { Draft = alone[0].TokenIds });
        var same = IsSameButForTies(answerer, alone[0], drafted);
        Assert.InRange(passes, 2, same ? (alone[0].TokenIds.Count / 6) + 3 : alone[0].TokenIds.Count);
        var told = new Answer[questions.Length];
        answerer.AskAll(
            [.. questions.Select((q, i) => q with { Draft = alone[i].TokenIds })], (at, answer) => told[at] = answer);
        foreach (var (one, other) in alone.Zip(told))
        {
            IsSameButForTies(answerer, one, other);
        }
    }

    [Fact]
    public void A_word_left_out_is_found_again()
    {
        var draft = new PromptLookupDrafter([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], draft.Next([]).ToArray());

        // The model said 1, 2, then 5 in place of 3.
        draft.Accept(8, 2, 5);
        Assert.Equal([], draft.Next([1, 2, 5]).ToArray());
        draft.Accept(0, 0, 6);
        Assert.Equal([7, 8, 9, 10], draft.Next([1, 2, 5, 6]).ToArray());
        draft.Accept(4, 4, 11);
        Assert.Equal([], draft.Next([1, 2, 5, 6, 7, 8, 9, 10, 11]).ToArray());
    }

    private static (Answer Answer, long Passes) Ask(QuestionAnswerer answerer, Question question)
    {
        var before = answerer.Passes;
        return (answerer.Ask(question), answerer.Passes - before);
    }

    /// <summary>Kernels for one row and for several add up in another order on processors with int8 dot products, and the
    /// likeliest tokens of random weights are hardly apart: there the other one may be written, and another text follows.</summary>
    /// <returns>Whether every token is the same.</returns>
    private bool IsSameButForTies(QuestionAnswerer answerer, Answer plain, Answer other)
    {
        if (plain.TokenIds.SequenceEqual(other.TokenIds))
        {
            return true;
        }

        var at = plain.TokenIds.Zip(other.TokenIds).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.InRange(at, 0, Math.Min(plain.TokenIds.Count, other.TokenIds.Count) - 1);
        var logits = answerer.LogitsAfterSteps(plain.Question.Text, plain.TokenIds.Take(at));
        var mean = logits.Average();
        var spread = MathF.Sqrt(logits.Average(logit => (logit - mean) * (logit - mean)));
        var gap = (logits[plain.TokenIds[at]] - logits[other.TokenIds[at]]) / spread;
        output.WriteLine($"another token at {at}, {gap:0.0000} standard deviations apart");
        Assert.InRange(gap, 0, LargestTie);
        return false;
    }
}
