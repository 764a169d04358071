namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class BrokerErrorTests : IDisposable
{
    private const string Key = "MobileVlm:Mqtt:";

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("tcp://host", "is not a broker address")]
    [InlineData("host:1883", "is not a broker address")]
    [InlineData("mqtt:host", "is not a broker address")]
    [InlineData("mqtt://", "has no host")]
    [InlineData("mqtt://host:99999", "is not a broker address")]
    [InlineData("mqtt://host:0", "port 0")]
    [InlineData("mqtt://host/topic", "BaseTopic")]
    [InlineData("mqtt://host?a=b", "BaseTopic")]
    public void An_invalid_broker_address_is_refused(string broker, string expected)
    {
        var error = _fixture.Error(ConfigurationFixture.Small(mqtt: $"\"Broker\": \"{broker}\""));

        Assert.Equal(Key + "Broker", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("embedded")]
    [InlineData("Embedded")]
    [InlineData("mqtt://host")]
    [InlineData("mqtts://10.0.0.2:8884")]
    [InlineData("mqtt://[::1]:1884/")]
    public void Brokers_of_both_kinds_are_accepted(string broker) =>
        Assert.Equal(broker, _fixture.Read(ConfigurationFixture.Small(mqtt: $"\"Broker\": \"{broker}\"")).Options.Mqtt.Broker);

    [Theory]
    [InlineData("embedded", "\"User\": \"u\"", "User")]
    [InlineData("embedded", "\"User\": \"u\", \"PasswordFile\": \"FILE\"", "User PasswordFile")]
    [InlineData("embedded", "\"CaFile\": \"FILE\"", "CaFile")]
    [InlineData("mqtt://host", "\"CaFile\": \"FILE\"", "CaFile")]
    [InlineData("mqtts://host", "\"PasswordFile\": \"FILE\"", "PasswordFile")]
    [InlineData("mqtts://host", "\"User\": \"u\", \"PasswordFile\": \"/no/such\"", "PasswordFile")]
    [InlineData("mqtts://host", "\"CaFile\": \"/no/such\"", "CaFile")]
    [InlineData("mqtts://host", "\"CaFile\": \"..\"", "CaFile")]
    [InlineData("mqtt://host", "\"Port\": 1884", "Port")]
    [InlineData("embedded", "\"Port\": 65536", "Port")]
    [InlineData("embedded", "\"KeepAlive\": \"00:00:00\"", "KeepAlive")]
    [InlineData("embedded", "\"ClientId\": \"a b\"", "ClientId")]
    [InlineData("nonsense", "\"User\": \"u\", \"CaFile\": \"FILE\", \"Port\": 1", "Broker")]
    public void Settings_that_do_not_go_together_are_refused(string broker, string settings, string keys)
    {
        var file = _fixture.Write(_fixture.Current, "file", "content");

        var refused = _fixture.Refused(ConfigurationFixture.Small(
            mqtt: $"\"Broker\": \"{broker}\", {settings.Replace("FILE", file, StringComparison.Ordinal)}"));

        Assert.Equal(keys.Split(' ').Select(key => Key + key), refused.Errors.Select(error => error.Key));
    }

    [Theory]
    [InlineData("a/+/b", "wildcard")]
    [InlineData("a/#", "wildcard")]
    [InlineData("/a", "begins or ends")]
    [InlineData("a/", "begins or ends")]
    [InlineData("$SYS", "begins or ends")]
    [InlineData("a//b", "empty level")]
    [InlineData("a\\u0001b", "control character")]
    [InlineData("a\\u0000b", "code 0")]
    public void A_base_topic_that_cannot_be_published_to_is_refused(string topic, string expected) =>
        Assert.Contains(
            expected,
            _fixture.Error(ConfigurationFixture.Small(mqtt: $"\"Broker\": \"embedded\", \"BaseTopic\": \"{topic}\"")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_base_topic_may_have_levels() =>
        Assert.Equal(
            "site/hall 2",
            _fixture.Read(ConfigurationFixture.Small(mqtt: "\"Broker\": \"embedded\", \"BaseTopic\": \"site/hall 2\"")).Options.Mqtt.BaseTopic);
}
