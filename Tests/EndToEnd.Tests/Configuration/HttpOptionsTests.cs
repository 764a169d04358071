using System.Net;
using MobileVlm.Edge.Connectors.Http.Completions;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class HttpOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static string Http(string http) => ConfigurationFixture.Small(more: $$""", "Http": { {{http}} }""");

    [Fact]
    public void Without_the_section_no_server_is_configured() =>
        Assert.Null(_fixture.Read(ConfigurationFixture.Small()).ToHttpSettings());

    [Fact]
    public void Every_key_reaches_the_server()
    {
        var tokens = _fixture.Write(_fixture.Current, "tokens", "owner fulltoken0123456789\n");
        var settings = _fixture.Read(Http("""
            "Listen": "[::]:8080", "TokenFile": "tokens", "AllowedOrigins": ["https://chat.example/"], "PublicUrl": "https://edge.example/vlm",
            "TrustedProxies": ["172.30.32.2"], "OpenTo": ["192.168.1.0/24", "fd00::1"], "AskWithin": "00:00:20", "MaxWaiting": 5, "ChatTasks": "empty"
            """)).ToHttpSettings()!;

        Assert.Equal((new IPEndPoint(IPAddress.IPv6Any, 8080), tokens, false), (settings.Listen, settings.TokenFile, settings.CreatesTokenFile));
        Assert.Equal(["https://chat.example"], settings.AllowedOrigins);
        Assert.Equal("edge.example", settings.PublicUrl!.Host);
        Assert.Equal((1, 2), (settings.TrustedProxies.Count, settings.OpenTo.Count));
        Assert.Equal((TimeSpan.FromSeconds(20), 5, ChatTaskMode.Empty), (settings.AskWithin, settings.MaxWaiting, settings.ChatTasks));
    }

    [Theory]
    [InlineData("\"Listen\": \"0.0.0.0:8080\"")]
    [InlineData("\"Listen\": \"[::]:0\"")]
    [InlineData("\"Listen\": \"192.168.1.5:8080\", \"OpenTo\": [\"192.168.1.0/24\"]")]
    [InlineData("\"Listen\": \"127.0.0.1:8080\", \"PublicUrl\": \"https://edge.example\"")]
    public void An_address_that_others_can_reach_needs_tokens(string http)
    {
        var error = _fixture.Error(Http(http));
        Assert.Equal("MobileVlm:Http:TokenFile", error.Key);
        Assert.Contains("need a token", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Listen\": \"127.0.0.1:8080\"")]
    [InlineData("\"Listen\": \"[::1]:0\", \"PublicUrl\": \"http://localhost:9000\"")]
    public void The_loopback_address_needs_none(string http) => Assert.NotNull(_fixture.Read(Http(http)).ToHttpSettings());

    [Fact]
    public void A_missing_token_file_below_the_state_folder_will_be_created()
    {
        var settings = _fixture.Read(ConfigurationFixture.Small(more: """
            , "StateFolder": "state", "Http": { "Listen": "0.0.0.0:8080", "TokenFile": "state/http/tokens" }
            """)).ToHttpSettings()!;
        Assert.True(settings.CreatesTokenFile);
    }

    [Fact]
    public void A_missing_token_file_elsewhere_is_refused() =>
        Assert.Equal("MobileVlm:Http:TokenFile", _fixture.Error(Http("\"Listen\": \"0.0.0.0:8080\", \"TokenFile\": \"tokens\"")).Key);

    [Fact]
    public void The_state_folder_of_systemd_counts_too()
    {
        _fixture.Environment["STATE_DIRECTORY"] = _fixture.Current;
        var settings = _fixture.Read(Http("\"Listen\": \"0.0.0.0:8080\", \"TokenFile\": \"tokens\"")).ToHttpSettings()!;
        Assert.True(settings.CreatesTokenFile);
    }

    [Fact]
    public void A_wrong_token_file_is_refused_without_showing_a_token()
    {
        _fixture.Write(_fixture.Current, "tokens", "owner fulltoken0123456789 write\n");
        var error = _fixture.Error(Http("\"Listen\": \"127.0.0.1:8080\", \"TokenFile\": \"tokens\""));
        Assert.Contains("line 1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fulltoken", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Listen\": \"8080\"", "Listen")]
    [InlineData("\"Listen\": \"127.0.0.1:8080\", \"OpenTo\": [\"home\"]", "OpenTo:0")]
    [InlineData("\"Listen\": \"127.0.0.1:8080\", \"AllowedOrigins\": [\"https://chat.example/page\"]", "AllowedOrigins:0")]
    [InlineData("\"Listen\": \"127.0.0.1:8080\", \"PublicUrl\": \"edge.example\"", "PublicUrl")]
    [InlineData("\"Listen\": \"127.0.0.1:8080\", \"AskWithin\": \"00:11:00\"", "AskWithin")]
    [InlineData("\"Listen\": \"127.0.0.1:8080\", \"ChatTasks\": \"long\"", "ChatTasks")]
    public void A_wrong_value_is_an_error_of_its_key(string http, string key) =>
        Assert.Equal($"MobileVlm:Http:{key}", _fixture.Error(Http(http)).Key);

    [Fact]
    public void The_section_that_the_example_shows_as_a_comment_is_accepted()
    {
        var lines = File.ReadAllLines(ConfigurationFixture.RepositoryFile("Deploy", "appsettings.example.json"));
        var from = Array.FindIndex(lines, line => line.Trim() == "// \"Http\": {");
        var to = Array.FindIndex(lines, from, line => line.Trim() == "// },");
        for (var line = from; line <= to; line++)
        {
            lines[line] = lines[line].Trim()[3..];
        }

        _fixture.Environment["STATE_DIRECTORY"] = "/var/lib/mobilevlm";
        var settings = _fixture.Read(string.Join('\n', lines)).ToHttpSettings()!;
        Assert.Equal(8080, settings.Listen.Port);
        Assert.True(settings.CreatesTokenFile);
    }

    [Fact]
    public void A_certificate_needs_its_key()
    {
        _fixture.Write(_fixture.Current, "cert.pem", "x");
        Assert.Equal("MobileVlm:Http:CertificateFile", _fixture.Error(Http("\"Listen\": \"127.0.0.1:8080\", \"CertificateFile\": \"cert.pem\"")).Key);
    }

    [Fact]
    public void Keys_without_an_address_are_a_warning() => Assert.Contains(
        _fixture.Read(Http("\"AskWithin\": \"00:00:20\"")).Warnings, warning => warning.Key == "MobileVlm:Http" && warning.Message.Contains("Listen", StringComparison.Ordinal));

    [Fact]
    public void A_port_for_metrics_keeps_working_with_a_warning() => Assert.Contains(
        _fixture.Read(ConfigurationFixture.Small(more: ", \"Metrics\": { \"Port\": 9464 }")).Warnings, warning => warning.Key == "MobileVlm:Metrics:Port");

    [Fact]
    public void Cameras_and_broker_may_be_absent_with_an_address()
    {
        var configuration = _fixture.Read("""{ "MobileVlm": { "Model": { "Path": "/models/a" }, "Http": { "Listen": "127.0.0.1:0" } } }""");
        Assert.False(configuration.HasBroker);
        Assert.Empty(configuration.ToCameraSettings());
        Assert.True(configuration.ToEdgeSettings("m").RunsWithoutCameras);
    }

    [Fact]
    public void Cameras_and_broker_are_needed_without_an_address() => Assert.Equal(
        ["MobileVlm:Mqtt:Broker", "MobileVlm:Cameras"],
        _fixture.Refused("""{ "MobileVlm": { "Model": { "Path": "/models/a" } } }""").Errors.Select(error => error.Key));

    [Fact]
    public void A_broker_section_without_a_broker_is_an_error_all_the_same() => Assert.Equal(
        "MobileVlm:Mqtt:Broker",
        _fixture.Error("""{ "MobileVlm": { "Model": { "Path": "/models/a" }, "Mqtt": { "BaseTopic": "a" }, "Http": { "Listen": "127.0.0.1:0" } } }""").Key);
}
