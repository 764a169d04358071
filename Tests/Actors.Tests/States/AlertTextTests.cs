using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.Tests.States;

public sealed class AlertTextTests
{
    [Fact]
    public void An_alert_is_filled_with_its_facts() => Assert.Equal(
        "{gate}: <to> at <at>",
        AlertText.Parse("{{gate}}: {to} at {at}").Fill(place => $"<{place}>"));

    [Theory]
    [InlineData("{who} is there", "{who}")]
    [InlineData("{to", "'{{'")]
    [InlineData("to}", "'}}'")]
    public void An_alert_with_an_unknown_or_open_place_is_refused(string template, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => AlertText.Parse(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0.974, "97 %")]
    [InlineData(null, "")]
    public void A_score_reads_as_percent(double? score, string text) => Assert.Equal(text, AlertText.Percent(score));
}
