using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Questions;

/// <summary>Which questions are warned of.</summary>
public sealed class QuestionCheckTests
{
    [Theory]
    [InlineData("Is the gate not closed?", QuestionWarningKind.Negation)]
    [InlineData("Isn't there a dog?", QuestionWarningKind.Negation)]
    [InlineData("Doesn’t the car have a driver?", QuestionWarningKind.Negation)]
    [InlineData("Is there no person?", QuestionWarningKind.Negation)]
    [InlineData("Is the worker without a helmet?", QuestionWarningKind.Negation)]
    [InlineData("NOBODY is there?", QuestionWarningKind.Negation)]
    [InlineData("How long has the car been there?", QuestionWarningKind.Time)]
    [InlineData("Has the person left?", QuestionWarningKind.Time)]
    [InlineData("Is the gate still open?", QuestionWarningKind.Time)]
    [InlineData("Is a car arriving?", QuestionWarningKind.Time)]
    [InlineData("Did somebody come in the last minute or two hours ago?", QuestionWarningKind.Time)]
    [InlineData("Can you hear a siren?", QuestionWarningKind.Sound)]
    [InlineData("Is the dog barking?", QuestionWarningKind.Sound)]
    [InlineData("Is it loud?", QuestionWarningKind.Sound)]
    public void A_question_about_absence_time_or_sound_is_warned_of(string text, QuestionWarningKind kind) =>
        Assert.Equal([kind], QuestionCheck.OfText(text).Select(warning => warning.Kind).Distinct());

    [Theory]
    [InlineData("Is there a person?")]
    [InlineData("Is the gate open? Answer yes or no.")]
    [InlineData("Yes/no: is it night?")]
    [InlineData("Is there snow on the ground?")]
    [InlineData("Is a notebook on the table?")]
    [InlineData("Is it day or night?")]
    [InlineData("Is the sofa in the north corner?")]
    [InlineData("Is there smoke?")]
    public void A_plain_question_is_not(string text) => Assert.Empty(QuestionCheck.OfText(text));

    [Fact]
    public void One_question_can_have_several_warnings() => Assert.Equal(
        [QuestionWarningKind.Negation, QuestionWarningKind.Time, QuestionWarningKind.Sound],
        QuestionCheck.OfText("Isn't the dog still barking?").Select(warning => warning.Kind));

    [Theory]
    [InlineData(new[] { 0.02, 0.98 }, 0.5, new QuestionWarningKind[0])]
    [InlineData(new[] { 0.95, 0.98, 0.99 }, 0.5, new[] { QuestionWarningKind.SameScores })]
    [InlineData(new[] { 0.99 }, 0.5, new QuestionWarningKind[0])]
    [InlineData(new[] { 0.4, 0.55, 0.9 }, 0.5, new[] { QuestionWarningKind.Unclear })]
    [InlineData(new[] { 0.1, 0.9 }, 0.97, new[] { QuestionWarningKind.Bias })]
    [InlineData(new[] { 0.1, 0.9 }, 0.03, new[] { QuestionWarningKind.Bias })]
    public void Scores_that_say_little_are_warned_of(double[] scores, double withoutPicture, QuestionWarningKind[] expected) =>
        Assert.Equal(expected, QuestionCheck.OfScores([.. scores.Select(score => Scored(score, mass: 1))], withoutPicture).Select(warning => warning.Kind));

    [Fact]
    public void Answers_that_are_neither_yes_nor_no_are_warned_of()
    {
        var warning = Assert.Single(QuestionCheck.OfScores([Scored(0.1, 0.9), Scored(0.9, 0.1)], 0.5));
        Assert.Equal(("otherAnswer", true), (warning.Word, warning.Message.StartsWith("About 1 of 2 pictures", StringComparison.Ordinal)));
    }

    private static Answer Scored(double score, double mass) =>
        new(new Question("q", AnswerKind.YesNo) { MinMass = 0.2 }, score >= 0.5 ? "yes" : "no", "", score, [], FinishReason.Stopped, default) { Mass = mass };
}
