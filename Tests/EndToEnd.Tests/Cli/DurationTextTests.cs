using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.EndToEnd.Tests.Cli;

/// <summary>Durations on the command line.</summary>
public sealed class DurationTextTests
{
    [Theory]
    [InlineData("1s", 1)]
    [InlineData("500ms", 0.5)]
    [InlineData("0.5s", 0.5)]
    [InlineData("2m", 120)]
    [InlineData("1h", 3600)]
    [InlineData("1d", 86400)]
    [InlineData("1h30m", 5400)]
    [InlineData("1m1s500ms", 61.5)]
    [InlineData("00:00:01", 1)]
    [InlineData("01:02:03.5", 3723.5)]
    [InlineData("36:00:00", 129600)]
    [InlineData("1:30", 90)]
    [InlineData("0s", 0)]
    public void Durations_are_read(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), DurationText.Parse(text));

    [Theory]
    [InlineData("5", "has no unit. Write '5s' for seconds, or '5ms', '5m', '5h'")]
    [InlineData("1.5", "has no unit. Write '1.5s'")]
    [InlineData("", "is not a duration")]
    [InlineData("-1s", "is not a duration")]
    [InlineData("1 s", "is not a duration")]
    [InlineData("1S", "is not a duration")]
    [InlineData("s", "is not a duration")]
    [InlineData("1s1m", "is not a duration")]
    [InlineData("1,5s", "is not a duration")]
    [InlineData("00:60:00", "is not a duration")]
    [InlineData("1:2:3:4", "is not a duration")]
    [InlineData("١s", "is not a duration")]
    [InlineData("999999999d", "is longer than 1000 days")]
    public void Anything_else_is_refused_with_the_reason(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<FormatException>(() => DurationText.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "00:00")]
    [InlineData(12, "00:12")]
    [InlineData(12.5, "00:12.500")]
    [InlineData(3599, "59:59")]
    [InlineData(3661, "1:01:01")]
    public void Times_are_written(double seconds, string expected) => Assert.Equal(expected, DurationText.Time(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(59.96, 1, false, "01:00.0")]
    [InlineData(3599.5, 0, true, "1:00:00")]
    [InlineData(3599.5, 0, false, "60:00")]
    [InlineData(2.25, 2, false, "00:02.25")]
    public void Times_are_rounded_to_the_decimals_of_a_list(double seconds, int decimals, bool withHours, string expected) =>
        Assert.Equal(expected, DurationText.Time(TimeSpan.FromSeconds(seconds), decimals, withHours));

    [Theory]
    [InlineData("1s")]
    [InlineData("500ms")]
    [InlineData("1d2h3m4s5ms")]
    [InlineData("0s")]
    public void Durations_are_written_as_they_are_read(string text) => Assert.Equal(text, DurationText.Format(DurationText.Parse(text)));
}
