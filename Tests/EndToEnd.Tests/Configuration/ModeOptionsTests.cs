namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class ModeOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static string Modes(string modes, string more = "") => ConfigurationFixture.Small(more: $$""", "Modes": { {{modes}} } {{more}}""");

    [Fact]
    public void Modes_keep_their_order_and_their_patterns()
    {
        var settings = _fixture.Read(Modes("\"home\": { \"Skip\": [\"gate/*\"], \"MuteEvents\": \"*/person\" }, \"away\": {}", ", \"InitialMode\": \"AWAY\"")).ToEdgeSettings("m");
        Assert.Equal(["home", "away"], settings.Modes.Select(mode => mode.Name));
        Assert.Equal(("gate/*", "*/person"), (settings.Modes[0].Skip[0].ToString(), settings.Modes[0].MuteEvents[0].ToString()));
        Assert.Empty(settings.Modes[1].Skip);
        Assert.Equal("AWAY", settings.InitialMode);
    }

    [Fact]
    public void The_mode_can_be_switched_over_mqtt_only_where_there_are_modes()
    {
        const string Filter = "mobilevlm/host-7-lan/mode/set";
        Assert.Contains(Filter, _fixture.Read(Modes("\"home\": {}")).ToMqttSettings(new Uri("mqtt://127.0.0.1:1883")).Subscriptions.Select(it => it.Filter));
        Assert.DoesNotContain(Filter, _fixture.Read(ConfigurationFixture.Small()).ToMqttSettings(new Uri("mqtt://127.0.0.1:1883")).Subscriptions.Select(it => it.Filter));
    }

    [Theory]
    [InlineData("\"home\": { \"Skip\": [\"gate\"] }", "", "Modes:home:Skip:0", "'gate/*'")]
    [InlineData("\"home\": { \"MuteEvents\": [\"gate/per son\"] }", "", "Modes:home:MuteEvents:0", "'gate/*'")]
    [InlineData("\"at home\": {}", "", "Modes:at home", "letters")]
    [InlineData("\"none\": {}", "", "Modes:none", "Home Assistant")]
    [InlineData("\"home\": {}, \"Home\": {}", "", "Modes:Home", "upper and lower case")]
    [InlineData("\"home\": {}", ", \"InitialMode\": \"away\"", "InitialMode", "'home' would be accepted")]
    [InlineData("", ", \"InitialMode\": \"away\"", "InitialMode", "but none is defined")]
    public void A_wrong_mode_is_an_error_of_its_key(string modes, string more, string key, string expected)
    {
        var error = _fixture.Error(Modes(modes, more));
        Assert.Equal($"MobileVlm:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_names_no_question_is_a_warning()
    {
        var warning = Assert.Single(
            _fixture.Read(Modes("\"home\": { \"Skip\": [\"gate/*\", \"hall/*\"] }")).Warnings, it => it.Key.Contains(":Modes", StringComparison.Ordinal));
        Assert.Equal(("MobileVlm:Modes:home:Skip", "hall/*"), (warning.Key, warning.Value));
    }
}
