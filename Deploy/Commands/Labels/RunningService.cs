using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Commands.Labels;

/// <summary>The HTTP server of a service that runs on this machine.</summary>
internal sealed class RunningService : IDisposable
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client;

    private RunningService(HttpClient client) => _client = client;

    /// <summary>Null where the configuration has no HTTP server.</summary>
    /// <exception cref="UsageException">Its port or a token is not known here.</exception>
    public static RunningService? Open(EdgeConfiguration configuration)
    {
        if (configuration.ToHttpSettings() is not { } settings)
        {
            return null;
        }

        if (settings.Listen.Port == 0)
        {
            throw new UsageException("Http:Listen has the port 0, so the service uses another port at each start. Set a port, or stop the service first.");
        }

        var token = settings.TokenFile is { } file ? ReadToken(file) : null;
        var address = settings.Listen.Address;
        var host = address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;

        // The certificate names the address that others use, so it is compared with the configured one.
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (settings.CertificateFile is { } certificate)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => IsOf(certificate, presented);
        }

        var client = new HttpClient(handler)
        {
            BaseAddress = new Uri($"{(settings.CertificateFile is null ? "http" : "https")}://{new IPEndPoint(host, settings.Listen.Port)}/"),
            Timeout = AnswersWithin,
        };
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return new RunningService(client);
    }

    /// <summary>Sends a request.</summary>
    /// <exception cref="HttpFailureException">The service refuses it, or does not answer.</exception>
    public async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            using var response = await _client.SendAsync(request, cancel);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancel)) as JsonObject ?? [];
            return response.IsSuccessStatusCode
                ? answer
                : throw new HttpFailureException((int)response.StatusCode, (string?)answer["error"]?["message"] ?? $"the service answers with status {(int)response.StatusCode}", "refused");
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException || (fault is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            throw new HttpFailureException(503, $"the service runs and does not answer at {_client.BaseAddress}: {fault.Message.TrimEnd('.')}", "unavailable");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static bool IsOf(string certificate, X509Certificate? presented)
    {
        using var expected = X509CertificateLoader.LoadCertificateFromFile(certificate);
        return presented is not null && presented.GetRawCertData().AsSpan().SequenceEqual(expected.RawData);
    }

    private static string ReadToken(string file)
    {
        try
        {
            return AccessTokens.FirstFull(File.ReadAllText(file))
                ?? throw new UsageException($"'{file}' (Http:TokenFile) has no token that may change anything. Add a line 'name token'.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' (Http:TokenFile) cannot be read: {fault.Message.TrimEnd('.')}. Run this command as the user of the service.");
        }
    }
}
