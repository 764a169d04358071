using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.EndToEnd.Tests.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Doctor;

/// <summary>What <c>doctor</c> finds about section <c>Http</c>.</summary>
public sealed class HttpChecksTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_the_section_nothing_is_checked() =>
        Assert.Empty(HttpChecks.Run(_fixture.Read(ConfigurationFixture.Small()), TimeProvider.System));

    [Fact]
    public void A_free_port_on_the_loopback_address_is_fine()
    {
        var finding = Assert.Single(Check("\"Listen\": \"127.0.0.1:0\""));
        Assert.Equal(FindingKind.Fine, finding.Kind);
        Assert.Contains("this machine only, without a token", finding.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_and_an_address_of_another_machine_are_found()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var inUse = Assert.Single(Check($"\"Listen\": \"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}\""));
        Assert.Equal(FindingKind.Note, inUse.Kind);

        Tokens();
        var foreign = Check("\"Listen\": \"192.0.2.1:8080\", \"TokenFile\": \"tokens\"")[0];
        Assert.Equal(FindingKind.Bad, foreign.Kind);
        Assert.Contains("address of this machine", foreign.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_below_1024_is_noted_with_what_to_do() => Assert.Contains(
        Check("\"Listen\": \"127.0.0.1:813\""),
        finding => finding.Kind == FindingKind.Note && finding.Remedy!.Contains("reverse proxy", StringComparison.Ordinal));

    [Fact]
    public void A_token_file_that_others_can_read_is_noted()
    {
        var file = Tokens();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains(Check(), finding => finding.Kind == FindingKind.Fine && finding.Found.Contains("its owner only", StringComparison.Ordinal));

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains(Check(), finding => finding.Kind == FindingKind.Note && finding.Remedy!.StartsWith("chmod 600", StringComparison.Ordinal));

        IReadOnlyList<Finding> Check() => this.Check("\"Listen\": \"127.0.0.1:0\", \"TokenFile\": \"tokens\"");
    }

    [Fact]
    public void A_token_file_that_will_be_created_is_fine()
    {
        _fixture.Environment["STATE_DIRECTORY"] = _fixture.Current;
        Assert.Contains(
            Check("\"Listen\": \"127.0.0.1:0\", \"TokenFile\": \"http-tokens\""),
            finding => finding.Kind == FindingKind.Fine && finding.Found.Contains("creates it", StringComparison.Ordinal));
    }

    [Fact]
    public void Plain_http_for_other_machines_is_noted()
    {
        Tokens();
        Assert.Contains(
            Check("\"Listen\": \"0.0.0.0:0\", \"TokenFile\": \"tokens\""),
            finding => finding.Kind == FindingKind.Note && finding.Found.Contains("readable", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(-10, 100, "Fine", "holds from")]
    [InlineData(-100, -10, "Bad", "has expired")]
    [InlineData(10, 100, "Bad", "does not hold yet")]
    [InlineData(-100, 5, "Note", "expires soon")]
    public void A_certificate_is_checked_against_the_clock(int fromDays, int untilDays, string kind, string found)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=edge-1", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(Now.AddDays(fromDays), Now.AddDays(untilDays));
        WriteCertificate(certificate, key);
        Assert.Contains(CheckTls(), finding => finding.Kind.ToString() == kind && finding.Found.Contains(found, StringComparison.Ordinal));
    }

    [Fact]
    public void The_key_of_another_certificate_is_bad()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=edge-1", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(100));
        WriteCertificate(certificate, other);
        Assert.Contains(CheckTls(), finding => finding.Kind == FindingKind.Bad && finding.Found.Contains("KeyFile", StringComparison.Ordinal));
    }

    [Fact]
    public void Who_needs_no_token_is_reported()
    {
        Tokens();
        var findings = Check("\"Listen\": \"127.0.0.1:0\", \"TokenFile\": \"tokens\", \"OpenTo\": [\"192.168.1.0/24\"], \"TrustedProxies\": [\"172.30.32.2\"]");
        Assert.Contains(findings, finding => finding.Found.Contains("192.168.1.0/24", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Found.Contains("172.30.32.2", StringComparison.Ordinal));
    }

    private string Tokens() => _fixture.Write(_fixture.Current, "tokens", "owner fulltoken0123456789\n");

    private void WriteCertificate(X509Certificate2 certificate, ECDsa key)
    {
        _fixture.Write(_fixture.Current, "cert.pem", certificate.ExportCertificatePem());
        _fixture.Write(_fixture.Current, "key.pem", key.ExportPkcs8PrivateKeyPem());
    }

    private IReadOnlyList<Finding> CheckTls() => Check("\"Listen\": \"127.0.0.1:0\", \"CertificateFile\": \"cert.pem\", \"KeyFile\": \"key.pem\"");

    private IReadOnlyList<Finding> Check(string http) =>
        [.. HttpChecks.Run(_fixture.Read(ConfigurationFixture.Small(more: $$""", "Http": { {{http}} }""")), new FakeTimeProvider(Now))];
}
