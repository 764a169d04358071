namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class WebhookOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static string Webhook(string webhook, string more = "") =>
        ConfigurationFixture.Small(more: $$""", "Webhooks": { "alarm": { {{webhook}} } } {{more}}""");

    [Fact]
    public void Every_key_reaches_the_webhook()
    {
        var secret = _fixture.Write(_fixture.Current, "secret", "a secret of the file\n");
        var configuration = _fixture.Read(Webhook(
            "\"Url\": \"https://example.org/hook?key=1\", \"SecretFile\": \"secret\", \"Questions\": [\"gate/*\"], \"States\": \"yes\", \"Timeout\": \"00:00:03\"",
            ", \"StateFolder\": \"state\""));
        var (settings, questions, states) = Assert.Single(configuration.ToWebhooks());
        Assert.Equal(("alarm", "https://example.org/hook?key=1", secret), (settings.Name, settings.Url.ToString(), settings.SecretFile));
        Assert.Equal((TimeSpan.FromSeconds(3), "https://example.org"), (settings.Timeout, settings.Receiver));
        Assert.Equal(("gate/*", "yes"), (Assert.Single(questions).ToString(), Assert.Single(states)));
        Assert.Equal(Path.Combine(_fixture.Current, "state", "webhooks", "alarm.db"), configuration.ToOutboxSettings(settings)!.Path);
    }

    [Fact]
    public void Without_a_state_folder_events_wait_in_memory()
    {
        var configuration = _fixture.Read(Webhook("\"Url\": \"http://10.0.0.2/hook\""));
        Assert.Null(configuration.ToOutboxSettings(configuration.ToWebhooks()[0].Settings));
    }

    [Fact]
    public void With_a_webhook_no_broker_is_needed() => Assert.False(_fixture.Read("""
        { "MobileVlm": { "Model": { "Path": "/models/a" }, "Webhooks": { "alarm": { "Url": "http://10.0.0.2/hook" } },
          "Cameras": { "gate": { "Source": "pattern:", "Questions": { "person": { "Ask": "Is there a person?", "Answer": "YesNo" } } } } } }
        """).HasBroker);

    [Theory]
    [InlineData("", "Url", "is missing")]
    [InlineData("\"Url\": \"example.org/hook\"", "Url", "https://HOST/PATH")]
    [InlineData("\"Url\": \"ftp://example.org/hook\"", "Url", "https://HOST/PATH")]
    [InlineData("\"Url\": \"https://user:pass@example.org/\"", "Url", "without a user")]
    [InlineData("\"Url\": \"https://example.org/\", \"SecretFile\": \"nowhere\"", "SecretFile", "cannot be found")]
    [InlineData("\"Url\": \"https://example.org/\", \"SecretFile\": \"short\"", "SecretFile", "16 or more would be accepted")]
    [InlineData("\"Url\": \"https://example.org/\", \"Questions\": [\"gate\"]", "Questions:0", "'gate/*'")]
    [InlineData("\"Url\": \"https://example.org/\", \"Timeout\": \"00:10:00\"", "Timeout", "00:02:00")]
    public void A_wrong_value_is_an_error_of_its_key_and_shows_no_secret(string webhook, string key, string expected)
    {
        _fixture.Write(_fixture.Current, "short", "pass\n");
        var error = _fixture.Error(Webhook(webhook));
        Assert.Equal($"MobileVlm:Webhooks:alarm:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pass@", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_credential_of_systemd_is_found_in_its_folder()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_fixture.Current, "credentials")).FullName;
        var secret = _fixture.Write(folder, "alarm", "a secret of the file\n");
        _fixture.Environment["CREDENTIALS_DIRECTORY"] = folder;
        Assert.Equal(secret, _fixture.Read(Webhook("\"Url\": \"https://example.org/\", \"SecretFile\": \"credential:alarm\"")).ToWebhooks()[0].Settings.SecretFile);
    }
}
