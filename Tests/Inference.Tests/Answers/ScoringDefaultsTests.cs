using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Answers;

public sealed class ScoringDefaultsTests
{
    private const string Instruction = ScoringDefaults.PublishedSuffix;

    [Theory]
    [InlineData(AnswerKind.YesNo, null, $"Is it day?\n{Instruction}")]
    [InlineData(AnswerKind.Choice, null, $"Is it day?\n{Instruction}")]
    [InlineData(AnswerKind.Text, null, "Is it day?")]
    [InlineData(AnswerKind.YesNo, "", "Is it day?")]
    [InlineData(AnswerKind.YesNo, "Yes or no?", "Is it day?\nYes or no?")]
    [InlineData(AnswerKind.Text, "One word.", "Is it day?\nOne word.")]
    public void A_suffix_stands_on_its_own_line_and_that_of_the_question_wins(AnswerKind kind, string? suffix, string expected) =>
        Assert.Equal(
            expected, (new Question("Is it day?", kind) { Suffix = suffix }).WithDefaults(new ScoringDefaults(Instruction, 0.2)).PromptText);

    [Theory]
    [InlineData($"Is it day?\n{Instruction}")]
    [InlineData($"Is it day? answer the question using a single word or phrase. ")]
    public void A_suffix_that_the_question_has_is_not_repeated(string text) =>
        Assert.Equal(text, new Question(text, AnswerKind.YesNo).WithDefaults(new ScoringDefaults(Instruction, 0)).PromptText);

    [Fact]
    public void A_suffix_is_asked_and_counted_like_the_same_text_in_the_question()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var picture = model.Encode("mobilevlm-v1", "case1.png");
        using var answerer = model.Answerer();
        answerer.PrefillPicture(picture);
        var written = new Question($"Is the gate open?\n{Instruction}", AnswerKind.YesNo);
        var suffixed = new Question("Is the gate open?", AnswerKind.YesNo) { Suffix = Instruction };

        Assert.Equal(answerer.Ask(written).Score, answerer.Ask(suffixed).Score);
        Assert.NotEqual(answerer.Ask(suffixed with { Suffix = null }).Score, answerer.Ask(suffixed).Score);
        var counter = QuestionTokenCounter.Open(model.Folder.FolderPath);
        Assert.Equal(counter.Count(written), counter.Count(suffixed));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void An_answer_with_less_than_the_least_mass_says_so(double minMass, bool isBelow)
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var picture = model.Encode("mobilevlm-v1", "case1.png");
        using var answerer = model.Answerer();
        answerer.PrefillPicture(picture);
        foreach (var kind in (AnswerKind[])[AnswerKind.YesNo, AnswerKind.Choice])
        {
            // A golden model has random weights: all of its words are about as likely as another.
            var answer = answerer.Ask(new Question("Is the gate open?", kind) { Choices = ["red", "blue"], MinMass = minMass });
            Assert.InRange(answer.Mass!.Value, double.Epsilon, 0.5);
            Assert.Equal(isBelow, answer.IsBelowMinMass);
        }

        Assert.Null(answerer.Ask(new Question("Is the gate open?", AnswerKind.Text, 4) { MinMass = minMass }).Mass);
    }

    [Fact]
    public void The_mass_of_a_choice_is_what_its_spellings_have_together()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var picture = model.Encode("mobilevlm-v1", "case1.png");
        using var answerer = model.Answerer();
        answerer.PrefillPicture(picture);
        var answer = answerer.Ask(new Question("Which?", AnswerKind.Choice) { Choices = ["red", "blue"] });
        var spellings = new ChoiceSpellings(model.Tokenizer, ["red", "blue"]).Spellings;

        var expected = spellings.Sum(spelling => Math.Exp(
            spelling.Ids.Index().Sum(it => LogSoftmax.At(answerer.LogitsAfter("Which?", [.. spelling.Ids.Take(it.Index)]), it.Item))));

        Assert.Equal(expected, answer.Mass!.Value, expected * 1e-4);
    }
}
