using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>A draft saves passes when it is right and changes nothing when it is wrong.</summary>
public sealed class PromptLookupDrafterTests(ITestOutputHelper output)
{
    /// <summary>In standard deviations of a position's logits.</summary>
    private const float LargestTie = 0.1f;

    private static readonly Question Asked = new("Describe the picture.", AnswerKind.Text, 40);

    public static TheoryData<string> Models => ["mobilevlm-v1", "mobilevlm-v2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void The_right_draft_takes_a_fraction_of_the_passes(string name)
    {
        using var answerer = PackedQuestionsTests.WithPicture(name);
        var (plain, passes) = Ask(answerer, Asked);
        Assert.Equal(plain.TokenIds.Count, passes);
        var (drafted, fewer) = Ask(answerer, Asked with { Draft = plain.TokenIds });
        Assert.Equal(plain.TokenIds, drafted.TokenIds);
        Assert.InRange(fewer, 1, (passes / 8) + 2);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void No_draft_changes_the_answer(string name)
    {
        using var answerer = PackedQuestionsTests.WithPicture(name);
        var (plain, _) = Ask(answerer, Asked);
        int[] right = [.. plain.TokenIds];
        var random = new Random(4);
        int[][] drafts =
        [
            [5], [.. Enumerable.Repeat(5, 300)], right[1..], right[..3], [.. right, .. right], [.. right[..6], 9, .. right[7..]],
            [.. right[..6], .. right[8..]], [.. right[..4], 9, 9, 9, .. right[4..]], [.. right.Reverse()], [.. right, 5, 6, 7],
            .. Enumerable.Range(0, 20).Select(_ => right.Select(id => random.Next(4) == 0 ? random.Next(3, 800) : id).ToArray()),
        ];
        foreach (var draft in drafts)
        {
            var (drafted, _) = Ask(answerer, Asked with { Draft = draft });
            Assert.Equal(right, drafted.TokenIds);
            Assert.Equal((plain.Text, plain.Finish), (drafted.Text, drafted.Finish));
        }
    }

    [Fact]
    public void Drafts_of_several_texts_do_not_affect_each_other()
    {
        using var answerer = PackedQuestionsTests.WithPicture("mobilevlm-v2");
        Question[] questions = [Asked, new("What is on the road?", AnswerKind.Text, 17), new("And now?", AnswerKind.Text, 30)];
        var alone = questions.Select(q => Ask(answerer, q).Answer).ToArray();
        var reported = new Answer[questions.Length];
        int[][] drafts = [[.. alone[0].TokenIds], [.. alone[1].TokenIds.Take(5), 7, 8], [.. alone[2].TokenIds.Skip(2)]];
        answerer.AskAll(
            [.. questions.Select((q, i) => q with { Draft = drafts[i] })], (at, answer) => reported[at] = answer);
        Assert.Equal(alone.Select(a => a.TokenIds), reported.Select(a => a.TokenIds));
    }

    [Theory]
    [InlineData("w8a8")]
    [InlineData("w8a7")]
    public void With_eight_bit_activations_no_draft_changes_an_answer(string precision)
    {
        var model = GoldenModel.Get("mobilevlm-v2", precision);
        using var answerer = model.Answerer();
        using var picture = GoldenModel.Get("mobilevlm-v2").Encode("mobilevlm-v2", "case0.png");
        answerer.PrefillPicture(picture);
        var (plain, _) = Ask(answerer, Asked);
        int[] right = [.. plain.TokenIds];
        var random = new Random(5);
        foreach (var draft in Enumerable.Range(0, 20).Select(i => right.Select(id => random.Next(20) < i ? random.Next(3, 800) : id).ToArray()))
        {
            Assert.Equal(right, Ask(answerer, Asked with { Draft = draft }).Answer.TokenIds);
        }
    }

    [Theory]
    [InlineData("mobilevlm-v1", "int4")]
    [InlineData("mobilevlm-v2", "int8")]
    public void With_prefill_weights_neither_a_draft_nor_other_questions_change_an_answer_except_where_two_tokens_are_equal(string name, string precision)
    {
        using var temporary = new TemporaryFolder();
        var folder = ModelImporter.Import(
            GoldenFolder.Path(name), temporary["model"], PrecisionPlan.Parse(precision).WithPrefill("w8a7"));
        using var answerer = QuestionAnswerer.Open(folder, new ExecutionSettings(1), 512);
        using var picture = GoldenModel.Get(name).Encode(name, "case0.png");
        answerer.PrefillPicture(picture);
        Question[] questions = [Asked, new("What is on the road?", AnswerKind.Text, 17), new("And now?", AnswerKind.Text, 30), new("Is it day?", AnswerKind.YesNo)];
        var alone = questions.Select(q => Ask(answerer, q).Answer).ToArray();
        var (drafted, passes) = Ask(answerer, Asked with { Draft = alone[0].TokenIds });
        var same = IsSameButForTies(answerer, alone[0], drafted);
        Assert.InRange(passes, 2, same ? (alone[0].TokenIds.Count / 6) + 3 : alone[0].TokenIds.Count);
        var reported = new Answer[questions.Length];
        answerer.AskAll(
            [.. questions.Select((q, i) => q with { Draft = alone[i].TokenIds })], (at, answer) => reported[at] = answer);
        foreach (var (one, other) in alone.Zip(reported))
        {
            IsSameButForTies(answerer, one, other);
        }
    }

    [Fact]
    public void A_token_that_was_left_out_is_found_again()
    {
        var draft = new PromptLookupDrafter([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], draft.Next([]).ToArray());

        // The model chose 1, 2, then 5 instead of 3.
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

    /// <summary>Kernels for one row and for several sum in another order on processors with int8 dot products, and the most
    /// likely tokens of random weights are close: there the other one may be chosen, and another text follows.</summary>
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
