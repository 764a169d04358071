namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class PaceOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static string Pace(string pace) => ConfigurationFixture.Small(more: $$""", "Pace": { {{pace}} }""");

    [Fact]
    public void Nothing_is_limited_by_default()
    {
        Assert.False(_fixture.Read(ConfigurationFixture.Small()).ToEdgeSettings("").Pace.IsEnabled);
        Assert.Null(_fixture.Read(Pace("\"MaxTemperature\": 80")).ToEdgeSettings("").Pace.QuietHours);
    }

    [Fact]
    public void Limits_are_read()
    {
        var pace = _fixture.Read(Pace("\"MaxTemperature\": 82.5, \"MinFactor\": 0.2, \"QuietHours\": [\"22:00-06:00\"], \"QuietFactor\": 0.5")).ToEdgeSettings("").Pace;
        Assert.Equal((82.5, 0.2, 0.5), (pace.MaxTemperature, pace.MinFactor, pace.QuietFactor));
        Assert.Single(pace.QuietHours!.Slots);
    }

    [Theory]
    [InlineData("\"MaxTemperature\": 30", "MaxTemperature", "40 to 110")]
    [InlineData("\"MaxTemperature\": 80, \"MinFactor\": 0", "MinFactor", "0.02 to 1")]
    [InlineData("\"QuietHours\": [\"22-6\"]", "QuietHours:0", "is not a time of the week")]
    [InlineData("\"QuietHours\": [\"22:00-06:00\"], \"QuietFactor\": 2", "QuietFactor", "0.02 to 1")]
    public void A_wrong_limit_is_an_error_of_its_key(string pace, string key, string expected)
    {
        var error = _fixture.Error(Pace(pace));
        Assert.Equal($"MobileVlm:Pace:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Sensor\": \"cpu-thermal\"", "Sensor", "counts with MaxTemperature only")]
    [InlineData("\"MinFactor\": 0.2", "MinFactor", "counts with MaxTemperature only")]
    [InlineData("\"MaxTemperature\": 80, \"QuietFactor\": 0.2", "QuietFactor", "counts with QuietHours only")]
    public void A_key_without_the_one_that_it_needs_is_a_warning(string pace, string key, string expected)
    {
        var warning = Assert.Single(_fixture.Read(Pace(pace)).Warnings, warning => warning.Key == $"MobileVlm:Pace:{key}");
        Assert.Contains(expected, warning.Message, StringComparison.Ordinal);
    }
}
