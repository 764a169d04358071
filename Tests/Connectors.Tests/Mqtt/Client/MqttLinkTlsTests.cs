using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

public sealed class MqttLinkTlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task A_certificate_of_the_configured_authority_is_trusted_for_the_names_in_it(string host)
    {
        await using var broker = await StartAsync();
        await using var sub = await MosquittoSub.StartAsync(broker.Address, "#", "--cafile", CaFile(_authority));
        await using var link = await TestLink.ConnectAsync(Settings(broker, host, CaFile(_authority)));

        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("a", "sealed")).Kind);
        Assert.Equal("sealed", (await sub.WaitForAsync("a")).Text);
        Assert.Equal($"mqtts://{host}:{broker.Port}", link.Description);
    }

    [Fact]
    public async Task A_certificate_for_another_name_fails_with_that_reason()
    {
        await using var broker = await StartAsync("elsewhere.example");

        var outcome = await OutcomeAsync(Settings(broker, "127.0.0.1", CaFile(_authority)));

        Assert.Equal(ConnectOutcomeKind.TlsFailed, outcome.Kind);
        Assert.Contains("another name", outcome.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("not trusted", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_valid_yet_fails_and_names_the_clock()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions
        {
            Authority = _authority,
            CertificateFrom = DateTimeOffset.UtcNow.AddDays(3),
        });

        var outcome = await OutcomeAsync(Settings(broker, "127.0.0.1", CaFile(_authority)));

        Assert.Equal(ConnectOutcomeKind.TlsFailed, outcome.Kind);
        Assert.Matches(@"the clock of this machine shows \d{4}-\d\d-\d\d \d\d:\d\d UTC: set the clock", outcome.Reason);
        Assert.DoesNotContain("Mqtt:CaFile", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_fails_and_names_the_setting()
    {
        using var other = new TestAuthority();
        await using var broker = await StartAsync();

        var outcome = await OutcomeAsync(Settings(broker, "127.0.0.1", CaFile(other)));

        Assert.Equal(ConnectOutcomeKind.TlsFailed, outcome.Kind);
        Assert.Contains("Mqtt:CaFile", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_authority_file_only_the_systems_are_trusted()
    {
        await using var broker = await StartAsync();

        var outcome = await OutcomeAsync(Settings(broker, "127.0.0.1", null));

        Assert.Equal(ConnectOutcomeKind.TlsFailed, outcome.Kind);
        Assert.Contains("Mqtt:CaFile", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_without_tls_fails_as_tls()
    {
        await using var broker = await Mosquitto.StartAsync();

        var outcome = await OutcomeAsync(Settings(broker, "127.0.0.1", CaFile(_authority)));

        Assert.Equal(ConnectOutcomeKind.TlsFailed, outcome.Kind);
        Assert.Contains("TLS", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_connect_to_a_tls_port_hints_at_mqtts()
    {
        await using var broker = await StartAsync();

        var outcome = await OutcomeAsync(TestLink.Settings(new Uri($"mqtt://127.0.0.1:{broker.Port}")));

        Assert.Equal(ConnectOutcomeKind.Unreachable, outcome.Kind);
        Assert.Contains("mqtts://", outcome.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no certificate in here")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public async Task An_authority_file_without_a_certificate_is_named(string? content)
    {
        var file = _folder["bad.pem"];
        if (content is not null)
        {
            File.WriteAllText(file, content);
        }

        var outcome = await OutcomeAsync(TestLink.Settings(new Uri("mqtts://127.0.0.1:1")) with { CaFile = file });

        Assert.Equal(ConnectOutcomeKind.Misconfigured, outcome.Kind);
        Assert.Contains("Mqtt:CaFile", outcome.Reason, StringComparison.Ordinal);
        Assert.Contains(file, outcome.Reason, StringComparison.Ordinal);
    }

    private static MqttSettings Settings(Mosquitto broker, string host, string? caFile) =>
        TestLink.Settings(new Uri($"mqtts://{host}:{broker.Port}")) with { CaFile = caFile };

    private static async Task<ConnectOutcome> OutcomeAsync(MqttSettings settings)
    {
        await using var link = new MqttLink(settings, NullLogger.Instance);
        return await link.ConnectAsync(CancellationToken.None);
    }

    private Task<Mosquitto> StartAsync(params string[] names) => Mosquitto.StartAsync(new MosquittoOptions
    {
        Authority = _authority,
        CertificateNames = names.Length > 0 ? names : ["localhost", "127.0.0.1"],
    });

    private string CaFile(TestAuthority authority)
    {
        var file = _folder[$"{Guid.NewGuid():N}.pem"];
        File.WriteAllText(file, authority.Pem);
        return file;
    }
}
