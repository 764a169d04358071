using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class HttpServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task With_a_certificate_it_speaks_https()
    {
        var (certificate, key) = WriteCertificate();
        await using var rig = await HttpRig.StartAsync(settings => settings with { CertificateFile = certificate, KeyFile = key });
        using var client = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator });

        using var response = await client.GetAsync(new Uri($"https://localhost:{rig.Server.Address.Port}/healthz"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => rig.Client.GetAsync(new Uri($"http://localhost:{rig.Server.Address.Port}/healthz")));
    }

    [Fact]
    public async Task A_file_that_is_no_certificate_is_refused_with_both_keys()
    {
        var file = Path.Combine(_folder.Path, "x.pem");
        await File.WriteAllTextAsync(file, "not a certificate");
        var refused = await Assert.ThrowsAsync<IOException>(() => HttpRig.StartAsync(settings => settings with { CertificateFile = file, KeyFile = file }));
        Assert.Contains("Http:CertificateFile", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_of_another_certificate_is_refused_with_both_keys()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (certificate, key) = WriteCertificate();
        await File.WriteAllTextAsync(key, other.ExportPkcs8PrivateKeyPem());
        var refused = await Assert.ThrowsAsync<IOException>(() => HttpRig.StartAsync(settings => settings with { CertificateFile = certificate, KeyFile = key }));
        Assert.Contains("Http:KeyFile", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_reported_with_its_key()
    {
        await using var first = await HttpRig.StartAsync();
        var busy = await Assert.ThrowsAsync<HttpPortBusyException>(() => HttpRig.StartAsync(
            settings => settings with { Listen = new IPEndPoint(IPAddress.Loopback, first.Server.Address.Port) }));
        Assert.Contains("Http:Listen", busy.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_in_the_environment_opens_another_port()
    {
        // The web host of the framework would read these.
        var names = (string[])["ASPNETCORE_URLS", "DOTNET_URLS", "ASPNETCORE_HTTP_PORTS"];
        var before = names.Select(Environment.GetEnvironmentVariable).ToList();
        try
        {
            foreach (var name in names)
            {
                Environment.SetEnvironmentVariable(name, name.EndsWith("PORTS", StringComparison.Ordinal) ? "1" : "http://127.0.0.1:1");
            }

            await using var rig = await HttpRig.StartAsync();
            Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/healthz")).Status);
            Assert.NotEqual(1, rig.Server.Address.Port);
        }
        finally
        {
            foreach (var (name, value) in names.Zip(before))
            {
                Environment.SetEnvironmentVariable(name, value);
            }
        }
    }

    [Fact]
    public async Task A_stop_may_be_requested_twice()
    {
        var rig = await HttpRig.StartAsync();
        await rig.Server.StopAsync();
        await rig.Server.StopAsync();
        await rig.DisposeAsync();
    }

    private (string Certificate, string Key) WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var paths = (Path.Combine(_folder.Path, "cert.pem"), Path.Combine(_folder.Path, "key.pem"));
        File.WriteAllText(paths.Item1, certificate.ExportCertificatePem());
        File.WriteAllText(paths.Item2, key.ExportPkcs8PrivateKeyPem());
        return paths;
    }
}
