using MobileVlm.Edge.Actors.Questions.AnswerTypes;

namespace MobileVlm.Edge.Actors.Tests.States;

public sealed class NumberParserTests
{
    [Theory]
    [InlineData("3", 3.0)]
    [InlineData("There are 12 cars.", 12.0)]
    [InlineData("About 1,250 people", 1250.0)]
    [InlineData("-3.5 °C", -3.5)]
    [InlineData("It shows 0.5.", 0.5)]
    [InlineData("There are two cars.", 2.0)]
    [InlineData("Twenty-one", 21.0)]
    [InlineData("one hundred and five people", 105.0)]
    [InlineData("two thousand three hundred", 2300.0)]
    [InlineData("There is one person.", 1.0)]
    [InlineData("There are no cars.", 0.0)]
    [InlineData("None.", 0.0)]
    [InlineData("Zero", 0.0)]
    // The same number twice is one.
    [InlineData("2. There are two cars.", 2.0)]
    // No number at all, or two different ones.
    [InlineData("several", null)]
    [InlineData("", null)]
    [InlineData("between 2 and 3", null)]
    [InlineData("two cars and one truck", null)]
    [InlineData("one two", null)]
    // A time of day and a version are not numbers.
    [InlineData("at 12:30", null)]
    public void The_number_of_a_text_is_read_in_digits_and_words(string text, double? number) =>
        Assert.Equal(number, NumberParser.Read(text, null));

    [Theory]
    [InlineData("The sign says 50 km/h and 2 lanes.", "km/h", 50.0)]
    [InlineData("two lanes, fifty km/h", "km/h", 50.0)]
    // Without its unit a single number counts all the same.
    [InlineData("50", "km/h", 50.0)]
    [InlineData("2 lanes, 3 cars", "km/h", null)]
    public void The_number_before_the_unit_counts(string text, string unit, double? number) =>
        Assert.Equal(number, NumberParser.Read(text, unit));
}
