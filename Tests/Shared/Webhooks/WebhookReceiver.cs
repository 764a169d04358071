using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MobileVlm.Edge.Tests.Shared.Webhooks;

/// <summary>What a receiver was sent.</summary>
internal sealed record ReceivedEvent(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Id => Headers["webhook-id"];

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>Computes the signature as a receiver does, with nothing of the service's code.</summary>
    public string SignatureWith(byte[] secret) => "v1," + Convert.ToBase64String(HMACSHA256.HashData(
        secret, (byte[])[.. System.Text.Encoding.UTF8.GetBytes($"{Id}.{Headers["webhook-timestamp"]}."), .. Body]));
}

/// <summary>A receiver of webhooks at a port of this machine: a real Kestrel that responds as it is told.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly X509Certificate2? _certificate;
    private WebApplication? _application;

    private WebhookReceiver(X509Certificate2? certificate) => _certificate = certificate;

    /// <summary>What came in, in order, whatever the response.</summary>
    public ConcurrentQueue<ReceivedEvent> Received { get; } = new();

    /// <summary>What was taken with status 200.</summary>
    public ConcurrentQueue<ReceivedEvent> Taken { get; } = new();

    /// <summary>Responds; the default takes everything.</summary>
    public Func<HttpContext, Task> Respond { get; set; } = _ => Task.CompletedTask;

    public int Port { get; private set; }

    public Uri Url => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}/hook?key=secret-of-the-address");

    public static async Task<WebhookReceiver> StartAsync(X509Certificate2? certificate = null)
    {
        var receiver = new WebhookReceiver(certificate);
        await receiver.StartAsync(port: 0);
        return receiver;
    }

    /// <summary>Ends the server; its port refuses connections.</summary>
    public async Task StopAsync()
    {
        if (_application is { } application)
        {
            _application = null;
            await application.StopAsync(new CancellationToken(canceled: true));
            await application.DisposeAsync();
        }
    }

    /// <summary>Starts it again at the same port.</summary>
    public Task RestartAsync() => StartAsync(Port);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _certificate?.Dispose();
    }

    private async Task StartAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        if (_certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (_certificate is not null)
            {
                listen.UseHttps(_certificate);
            }
        }));
        var application = builder.Build();
        application.Run(HandleAsync);
        await application.StartAsync();
        _application = application;
        Port = new Uri(application.Urls.First()).Port;
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var received = new ReceivedEvent(
            http.Request.Path + http.Request.QueryString, http.Request.Headers.ToDictionary(it => it.Key, it => it.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray());
        Received.Enqueue(received);
        await Respond(http);
        if (http.Response.StatusCode == StatusCodes.Status200OK)
        {
            Taken.Enqueue(received);
        }
    }
}
