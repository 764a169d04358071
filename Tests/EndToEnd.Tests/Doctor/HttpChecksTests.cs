using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Validation;
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
        Assert.Empty(HttpChecks.Run(_fixture.Read(ConfigurationFixture.Small()), null, TimeProvider.System));

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

    [Theory]
    [InlineData(813, 1024, true)]
    [InlineData(813, 814, true)]
    [InlineData(813, 813, false)]
    [InlineData(813, 0, false)]
    public void A_port_below_the_kernels_first_free_one_is_noted_with_what_to_do(int port, int firstFree, bool isNoted)
    {
        var findings = Check($"\"Listen\": \"127.0.0.1:{port}\"", firstFreePort: firstFree);
        Assert.Equal(
            isNoted,
            findings.Any(finding => finding.Kind == FindingKind.Note
                && finding.Found.Contains($"below {firstFree}", StringComparison.Ordinal)
                && finding.Remedy!.Contains("ip_unprivileged_port_start", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_port_that_is_forbidden_for_another_reason_is_not_called_a_low_one()
    {
        var finding = HttpChecks.ForbiddenPort(new IPEndPoint(IPAddress.Loopback, 8080), 1024);
        Assert.Equal((FindingKind.Note, "127.0.0.1:8080: this user may not listen at the port"), (finding.Kind, finding.Found));
        Assert.Contains("below 1024", HttpChecks.ForbiddenPort(new IPEndPoint(IPAddress.Loopback, 80), 1024).Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_token_file_that_others_can_read_or_write_is_noted_with_the_owner_that_it_must_have(UnixFileMode others)
    {
        var file = Tokens();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains(CheckOf(null), finding => finding.Kind == FindingKind.Fine && finding.Found.Contains("its owner only", StringComparison.Ordinal));

        File.SetUnixFileMode(file, UnixFileMode.UserRead | others);
        Assert.Contains(CheckOf(null), finding => finding.Kind == FindingKind.Note && finding.Remedy == $"chmod 600 '{file}'; the service's user must be its owner (chown).");
        Assert.Contains(CheckOf("mobilevlm"), finding => finding.Remedy == $"chown mobilevlm: '{file}' && chmod 600 '{file}'");

        IReadOnlyList<Finding> CheckOf(string? user) => Check("\"Listen\": \"127.0.0.1:0\", \"TokenFile\": \"tokens\"", user);
    }

    [Fact]
    public void A_credential_that_systemd_has_not_passed_yet_is_a_note()
    {
        var file = _fixture.Write(_fixture.Current, "appsettings.json", ConfigurationFixture.Small(more: """, "Http": { "Listen": "127.0.0.1:0", "TokenFile": "credential:no-such-tokens" }"""));
        var configuration = EdgeConfiguration.Load(file, _fixture.Sources, ConfigurationPurpose.Check);
        var finding = Assert.Single(HttpChecks.Run(configuration, null, TimeProvider.System), it => it.Found.Contains("no-such-tokens", StringComparison.Ordinal));
        Assert.Equal(FindingKind.Note, finding.Kind);
        Assert.Contains("LoadCredential=", finding.Remedy, StringComparison.Ordinal);
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

    private IReadOnlyList<Finding> Check(string http, string? serviceUser = null, int? firstFreePort = null) =>
        [.. HttpChecks.Run(
            _fixture.Read(ConfigurationFixture.Small(more: $$""", "Http": { {{http}} }""")), serviceUser, new FakeTimeProvider(Now), firstFreePort)];
}
