using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.Tests.Questions;

/// <summary>Conditions and alerts, as operators write them.</summary>
public sealed class QuestionConditionTests
{
    [Theory]
    [InlineData("person", "yes", true)]
    [InlineData("person", "no", false)]
    [InlineData("person = no", "no", true)]
    [InlineData("colour = Dark blue", "dark blue", true)]
    [InlineData("colour != red", "blue", true)]
    [InlineData("colour != red", "red", false)]
    // What is not known fulfils nothing.
    [InlineData("colour != red", "unknown", false)]
    [InlineData("person", null, false)]
    [InlineData("cars >= 2", "2", true)]
    [InlineData("cars > 2", "2", false)]
    [InlineData("cars<2", "1.5", true)]
    [InlineData("cars <= 2", "many", false)]
    public void A_condition_holds_by_the_state_of_another_question(string condition, string? state, bool holds) =>
        Assert.Equal(holds, QuestionCondition.Parse(condition).IsFulfilledBy(state));

    [Fact]
    public void A_condition_may_name_another_camera() => Assert.Equal(
        new QuestionCondition("hall", "person", ConditionOperator.Is, "yes"), QuestionCondition.Parse("hall/person"));

    [Theory]
    [InlineData("")]
    [InlineData("person yes")]
    [InlineData("person =")]
    [InlineData("cars > many")]
    [InlineData("a/b/c")]
    public void What_is_not_a_condition_is_refused_with_what_is_accepted(string condition) =>
        Assert.Contains("'person = no'", Assert.Throws<FormatException>(() => QuestionCondition.Parse(condition)).Message, StringComparison.Ordinal);
}
