using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>The block for nginx of <c>reverse-proxy.md</c>, run by nginx before a service.</summary>
public sealed partial class NginxTests : IAsyncLifetime, IDisposable
{
    private const string Token = "fulltoken0123456789";

    private readonly TemporaryFolder _folder = new();
    private EdgeProcess? _service;
    private Process? _nginx;
    private string _certificate = "";

    public async Task InitializeAsync()
    {
        if (NginxFactAttribute.Program is not { } nginx)
        {
            return;
        }

        await File.WriteAllTextAsync(_folder["tokens"], $"owner {Token}\n");
        await File.WriteAllTextAsync(_folder["appsettings.json"], JsonSerializer.Serialize(new
        {
            MobileVlm = new
            {
                Node = "proxied",
                Model = new { Path = DemoModel.Folder.FolderPath },
                Http = new { Listen = "127.0.0.1:0", TokenFile = _folder["tokens"], PublicUrl = "https://home.example/vlm/" },
            },
        }));
        _service = EdgeProcess.Start("run", "--config", _folder["appsettings.json"]);
        var service = await _service.HttpAddressAsync();
        await File.WriteAllTextAsync(_folder["nginx.conf"], Configuration(service.GetLeftPart(UriPartial.Authority)));
        _nginx = Process.Start(new ProcessStartInfo(nginx, ["-p", _folder.Path, "-c", _folder["nginx.conf"], "-e", _folder["error.log"]]))!;
        await Eventually.TrueAsync(
            async () =>
            {
                using var client = Client();
                try
                {
                    using var ready = await client.GetAsync(new Uri("readyz", UriKind.Relative));
                    return ready.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    // nginx is not up yet.
                    return false;
                }
            },
            "the service is ready behind nginx",
            state: () => File.Exists(_folder["error.log"]) ? File.ReadAllText(_folder["error.log"]) : "");
    }

    public async Task DisposeAsync()
    {
        if (_nginx is { } nginx)
        {
            nginx.Kill();
            await nginx.WaitForExitAsync();
            nginx.Dispose();
        }

        if (_service is { } service)
        {
            await service.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    [NginxFact]
    public async Task The_documented_block_passes_everything_on_below_its_prefix()
    {
        using var client = Client();

        // The page, with and without the slash at the end of the prefix.
        using var bare = await client.GetAsync(new Uri("/vlm", UriKind.Relative));
        Assert.Equal((HttpStatusCode.PermanentRedirect, "/vlm/"), (bare.StatusCode, bare.Headers.Location!.AbsolutePath));
        using var page = await client.GetAsync(new Uri("", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));

        // The token is demanded and passed on.
        using var stranger = await client.GetAsync(new Uri("api/v1/cameras", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        Assert.Equal("[]", await client.GetStringAsync(new Uri("api/v1/cameras", UriKind.Relative)));

        // Questions of browsers are accepted from pages of PublicUrl only, and a picture of several megabytes fits.
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(client, "https://evil.example", padding: 0));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(client, "https://home.example", padding: 3_000_000));

        // A ping is shorter than any buffer: it arrives only if nothing is collected.
        using var events = await client.GetAsync(new Uri("api/v1/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync());
        Assert.Equal("event: ping", await reader.ReadLineAsync().WaitAsync(Eventually.Patience));
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string origin, int padding)
    {
        // Bytes behind the end of a JPEG do not matter.
        byte[] picture = [.. await File.ReadAllBytesAsync(Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg")), .. new byte[padding]];
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("api/v1/ask?question=Is%20there%20a%20person%3F&answer=YesNo", UriKind.Relative))
        {
            Content = new ByteArrayContent(picture),
        };
        request.Headers.Add("Origin", origin);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>A browser's connection to <c>https://home.example</c>, which is nginx's socket here.</summary>
    private HttpClient Client() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == _certificate },
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_folder["socket"]), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        BaseAddress = new Uri("https://home.example/vlm/"),
    };

    private string Configuration(string service)
    {
        var page = File.ReadAllText(Path.Combine(DemoModel.Repository, "Deploy", "docs", "reverse-proxy.md"));
        var block = Block().Match(page).Groups["block"].Value;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=home.example", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _certificate = certificate.GetCertHashString();
        File.WriteAllText(_folder["home.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(_folder["home.key"], key.ExportPkcs8PrivateKeyPem());

        // Only addresses and paths of files differ from the page.
        foreach (var (from, to) in new[]
        {
            ("listen 443 ssl;", $"listen unix:{_folder["socket"]} ssl;"),
            ("/etc/ssl/home.pem", _folder["home.pem"]),
            ("/etc/ssl/home.key", _folder["home.key"]),
            ("http://127.0.0.1:8080/;", $"{service}/;"),
        })
        {
            Assert.Contains(from, block, StringComparison.Ordinal);
            block = block.Replace(from, to, StringComparison.Ordinal);
        }

        var temporary = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(name => $"{name}_temp_path {_folder[name]};\n"));
        return $"daemon off;\nmaster_process off;\npid {_folder["nginx.pid"]};\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{block}}}\n";
    }

    [GeneratedRegex(@"```nginx\n(?<block>server \{.*?\n\}\n)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}

/// <summary>A test that needs nginx.</summary>
internal sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute()
    {
        if (Program is null)
        {
            Skip = "nginx is not installed; Tests/run.sh installs it (package nginx).";
        }
    }

    /// <summary>The program; null if there is none.</summary>
    public static string? Program { get; } = Programs.Find("nginx", "/usr/sbin");
}
