namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class SecretTests : IDisposable
{
    private const string Secret = "hunter2x";

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData($"mqtt://user:{Secret}@host")]
    [InlineData($"mqtts://user:{Secret}@host:99999")]
    [InlineData($"user:{Secret}@host")]
    [InlineData($"mqtt://user:{Secret}")]
    [InlineData($"mqtt://host?password={Secret}")]
    [InlineData($"mqtt://{Secret}@host")]
    public void A_password_in_the_brokers_address_is_refused_and_not_shown(string broker)
    {
        var refused = _fixture.Refused(ConfigurationFixture.Small(mqtt: $"\"Broker\": \"{broker}\""));

        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
        if (broker.Contains('@', StringComparison.Ordinal))
        {
            Assert.Contains("MobileVlm:Mqtt:PasswordFile", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData($"ftp://user:{Secret}@host/x")]
    [InlineData($"rtsp:/user:{Secret}@host/x")]
    [InlineData($"rtsp://user:{Secret}@ho st/x")]
    [InlineData($"rtsp://user:{Secret}@host:port/x")]
    [InlineData($"gst:rtspsrc user-pw={Secret} \\\"open")]
    public void A_password_in_a_cameras_address_is_not_shown(string source)
    {
        var refused = _fixture.Refused(ConfigurationFixture.Small().Replace("pattern:", source, StringComparison.Ordinal));

        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"\"Password\": \"{Secret}\"")]
    [InlineData($"\"User\": \"u\", \"PasswordFile\": \"{Secret}\"")]
    [InlineData($"\"User\": \"u\", \"PasswordFile\": {{ \"{Secret}\": 1 }}")]
    public void A_misplaced_password_is_not_shown(string setting) =>
        Assert.DoesNotContain(
            Secret,
            _fixture.Refused(ConfigurationFixture.Small(mqtt: $"\"Broker\": \"mqtt://host\", {setting}")).ToString(),
            StringComparison.Ordinal);

    [Theory]
    [InlineData($"t{Secret}")]
    [InlineData(Secret)]
    [InlineData($"'{Secret}'")]
    [InlineData($"\"{Secret}")]
    public void A_password_in_invalid_JSON_is_not_shown(string value) =>
        Assert.DoesNotContain(Secret, _fixture.Refused($"{{ \"MobileVlm\": {{ \"Mqtt\": {{ \"User\": {value} }} }} }}").ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_password_in_a_variable_is_not_shown()
    {
        _fixture.Environment["MobileVlm__Mqtt__Password"] = Secret;
        _fixture.Environment["MobileVlm__Mqtt__Broker"] = $"mqtt://user:{Secret}@host";

        var refused = _fixture.Refused(ConfigurationFixture.Small());

        Assert.Equal(2, refused.Errors.Count);
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
    }
}
