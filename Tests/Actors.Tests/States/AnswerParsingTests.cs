using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.States;

public sealed class AnswerParsingTests
{
    private static readonly StandingQuestion Scene = new("scene", "The scene", QuestionKind.Json, TimeSpan.Zero)
    {
        Fields =
        [
            new QuestionField("person", "Is there a person?", QuestionKind.YesNo),
            new QuestionField("colour", "Which colour?", QuestionKind.Choice) { Choices = ["red", "blue"] },
            new QuestionField("cars", "How many cars?", QuestionKind.Number) { Number = new NumberBounds(0, 10, null) },
            new QuestionField("words", "Describe it.", QuestionKind.Text, 5),
        ],
    };

    [Fact]
    public void An_object_is_asked_field_by_field_in_one_call_and_is_always_valid()
    {
        var other = new StandingQuestion("dog", "Is there a dog?", QuestionKind.YesNo, TimeSpan.Zero);
        var batch = new QuestionBatch([other, Scene]);
        Assert.Equal(
            ["YesNo Is there a dog?", "YesNo Is there a person?", "Choice Which colour?", "Text How many cars?", "Text Describe it."],
            batch.Questions.Select(question => $"{question.Kind} {question.Text}"));
        Assert.Equal(5, batch.Questions[4].MaxTokens);

        // Scored answers are reported before written ones.
        Assert.Null(batch.Add(1, Score(batch.Questions[1], "yes", 0.9)));
        Assert.Equal(0, batch.Add(0, Score(batch.Questions[0], "no", 0.1))!.Value.Due);
        Assert.Null(batch.Add(2, Score(batch.Questions[2], "blue", 0.8)));
        Assert.Null(batch.Add(4, Text(batch.Questions[4], "a \"nice\" gate")));
        var whole = batch.Add(3, Text(batch.Questions[3], "Two."))!.Value;

        Assert.Equal(1, whole.Due);
        Assert.Equal(
            """{"person":"yes","colour":"blue","cars":2,"words":"a \"nice\" gate"}""",
            AnswerHandler.Of(Scene.Kind).Parse(Scene, whole.Parts, new Thresholds()).Value);
    }

    [Fact]
    public void A_field_without_a_clear_answer_is_null_and_an_object_of_such_fields_is_unknown()
    {
        var asked = new QuestionBatch([Scene]).Questions;

        var some = AnswerHandler.Of(Scene.Kind).Parse(
            Scene,
            [Score(asked[0], "yes", 0.5), Score(asked[1], "red", 0.9), Text(asked[2], "12"), Text(asked[3], " ")],
            new Thresholds());
        Assert.Equal("""{"person":null,"colour":"red","cars":null,"words":null}""", some.Value);

        var none = AnswerHandler.Of(Scene.Kind).Parse(
            Scene,
            [Score(asked[0], "yes", 0.5), Score(asked[1], "red", 0.6), Text(asked[2], "many"), Text(asked[3], "")],
            new Thresholds { MinScore = 0.7 });
        Assert.Equal((null, UnknownReason.Uncertain), (none.Value, none.Unclear));
    }

    [Theory]
    [InlineData("3", "3", null)]
    [InlineData("eleven", null, UnknownReason.OutOfBounds)]
    [InlineData("many", null, UnknownReason.NotANumber)]
    public void A_number_must_be_within_its_bounds(string text, string? value, UnknownReason? unclear)
    {
        var question = new StandingQuestion("cars", "?", QuestionKind.Number, TimeSpan.Zero) { Number = new NumberBounds(0, 10, null) };

        var reading = AnswerHandler.Of(question.Kind).Parse(question, [Text(new Question("?", AnswerKind.Text), text)], new Thresholds());

        Assert.Equal((value, unclear), (reading.Value, reading.Unclear));
    }

    [Fact]
    public void A_choice_has_the_probability_of_each()
    {
        var question = new StandingQuestion("colour", "?", QuestionKind.Choice, TimeSpan.Zero) { Choices = ["red", "blue"] };
        var asked = new QuestionBatch([question]).Questions[0];

        var reading = AnswerHandler.Of(question.Kind).Parse(
            question, [Score(asked, "blue", 0.8) with { ChoiceScores = [0.2, 0.8] }], new Thresholds());

        Assert.Equal("blue", reading.Value);
        Assert.Equal([KeyValuePair.Create("red", 0.2), KeyValuePair.Create("blue", 0.8)], reading.Choices);
    }

    [Theory]
    [InlineData(QuestionKind.YesNo, UnknownReason.NotYesNo)]
    [InlineData(QuestionKind.Choice, UnknownReason.NotAChoice)]
    public void An_answer_that_the_model_would_not_give_is_none_however_clear_its_score(QuestionKind kind, UnknownReason reason)
    {
        var question = new StandingQuestion("colour", "?", kind, TimeSpan.Zero) { Choices = ["yes", "no"], MinMass = 0.2, Suffix = "One word." };
        var asked = new QuestionBatch([question]).Questions[0];
        Assert.Equal((0.2, "One word."), (asked.MinMass, asked.Suffix));

        var below = AnswerHandler.Of(kind).Parse(question, [Score(asked, "yes", 0.99) with { Mass = 0.1 }], new Thresholds());
        var above = AnswerHandler.Of(kind).Parse(question, [Score(asked, "yes", 0.99) with { Mass = 0.2 }], new Thresholds());

        Assert.Equal((null, reason, 0.99, 0.1), (below.Value, below.Unclear, below.Score, below.Mass));
        Assert.Equal(("yes", null, 0.2), (above.Value, above.Unclear, above.Mass));
    }

    private static Answer Score(Question question, string value, double score) =>
        new(question, value, value, score, [], FinishReason.Stopped, default);

    private static Answer Text(Question question, string text) =>
        new(question, text, text, null, [1], FinishReason.Stopped, default);
}
