using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.EndToEnd.Tests.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Doctor;

/// <summary>What <c>doctor</c> finds about webhooks without a receiver.</summary>
public sealed class WebhookChecksTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_secret_that_only_the_running_service_has_is_a_note_that_names_the_file()
    {
        var file = _fixture.Write(_fixture.Current, "appsettings.json", ConfigurationFixture.Small(
            more: """, "Webhooks": { "alarm": { "Url": "http://127.0.0.1:1/hook", "SecretFile": "credential:no-such-secret" } }"""));
        var configuration = EdgeConfiguration.Load(file, _fixture.Sources, ConfigurationPurpose.Check);

        var finding = Assert.Single(await WebhookChecks.RunAsync(configuration, CancellationToken.None));

        Assert.Equal((FindingKind.Note, "webhook alarm"), (finding.Kind, finding.What));
        Assert.Equal("SecretFile '/run/credentials/mobilevlm.service/no-such-secret' does not exist; the receiver was not tried", finding.Found);
        Assert.StartsWith("Run doctor with sudo", finding.Remedy, StringComparison.Ordinal);
    }
}
