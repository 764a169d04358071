using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Answers;

public sealed class YesNoScorerTests
{
    private static readonly GoldenModel Model = GoldenModel.Get("mobilevlm-v1");
    private static readonly YesNoScorer Scorer = YesNoScorer.Create(Model.Tokenizer, Model.Folder);
    private static readonly int[] Yes = Ids("Yes", "▁Yes", "yes", "▁yes", "YES", "▁YES");
    private static readonly int[] No = Ids("No", "▁No", "no", "▁no", "NO", "▁NO");

    [Theory]
    [InlineData("Is there a person?")]
    [InlineData("Is the gate open?")]
    [InlineData("Can you see smoke or fire?")]
    public void The_score_is_the_share_of_yes_in_the_softmax_of_the_answer_position(string question)
    {
        using var picture = Model.Encode("mobilevlm-v1", "case1.png");
        using var answerer = Model.Answerer();
        answerer.PrefillPicture(picture);
        var logits = answerer.FirstLogits(question);
        var all = logits.Sum(l => Math.Exp((double)l));
        var yes = Yes.Sum(id => Math.Exp((double)logits[id]) / all);
        var no = No.Sum(id => Math.Exp((double)logits[id]) / all);

        var answer = answerer.Ask(new Question(question, AnswerKind.YesNo));
        Assert.Equal(yes / (yes + no), answer.Score!.Value, 1e-6);
        Assert.Equal(yes + no, answer.Mass!.Value, 1e-6);
        Assert.Equal(yes >= no ? ("yes", "Yes") : ("no", "No"), (answer.Value, answer.Text));
        Assert.Empty(answer.TokenIds);
        Assert.Equal(FinishReason.Stopped, answer.Finish);
    }

    [Theory]
    [InlineData(1e30f, -1e30f, 1)]
    [InlineData(-1e30f, 1e30f, 0)]
    [InlineData(1000f, 999f, 0.73)]
    [InlineData(-1000f, -999f, 0.27)]
    [InlineData(float.NegativeInfinity, 0f, 0)]
    [InlineData(0f, float.NegativeInfinity, 1)]
    public void Extreme_logits_give_a_probability(float yes, float no, double expected)
    {
        var logits = new float[800];
        foreach (var (id, value) in Yes.Select(id => (id, yes)).Concat(No.Select(id => (id, no))))
        {
            logits[id] = value;
        }

        // Spellings differ in number, which moves the middle values: equal numbers make it exact.
        foreach (var id in Yes.Skip(1).Concat(No.Skip(1)))
        {
            logits[id] = float.NegativeInfinity;
        }

        Assert.Equal(expected, Scorer.Score(logits).Score, 0.01);
    }

    [Theory]
    [InlineData(50f, 49f, 1)]
    [InlineData(-50f, -49f, 0)]
    public void The_mass_says_whether_the_model_would_say_yes_or_no_at_all(float yes, float no, double expected)
    {
        var logits = new float[800];
        foreach (var (id, value) in Yes.Select(id => (id, yes)).Concat(No.Select(id => (id, no))))
        {
            logits[id] = value;
        }

        Assert.Equal(expected, Scorer.Score(logits).Mass, 1e-9);
    }

    [Fact]
    public void When_neither_is_possible_the_score_does_not_lean()
    {
        var logits = new float[800];
        Array.Fill(logits, float.NegativeInfinity);
        Assert.Equal((0.5, 0), Scorer.Score(logits));
    }

    [Fact]
    public void A_tokenizer_without_yes_or_no_is_refused_with_what_to_do_instead()
    {
        var pieces = Tokenizers.Load("mobilevlm-v1", piece => piece.Replace("es", "ez", StringComparison.Ordinal));
        var refusal = Assert.Throws<ModelFolderException>(() => YesNoScorer.Create(pieces, Model.Folder));
        Assert.Contains("tokenizer.model has no single piece for 'Yes' or 'No'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Ask for text instead", refusal.Message, StringComparison.Ordinal);
    }

    private static int[] Ids(params string[] pieces) => [.. pieces.Select(Model.Tokenizer.PieceId).OfType<int>()];
}
