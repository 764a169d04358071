using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Mcp;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>The server's port cannot be used.</summary>
public sealed class HttpPortBusyException(string message, Exception cause) : Exception(message, cause);

/// <summary>The HTTP server inside the service. It starts before the model is loaded and reads no configuration of its own: nothing in
/// the environment opens another port.</summary>
public sealed partial class HttpServer : IAsyncDisposable
{
    private const int MaxConnections = 512;

    /// <summary>The share of a stop that open requests have to end by themselves.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);

    private readonly WebApplication _application;
    private readonly RouteTable _routes;
    private readonly RequestGuard _guard;
    private readonly CancellationTokenSource _stopping = new();
    private readonly X509Certificate2? _certificate;
    private readonly ILogger _logger;
    private int _stopped;

    private HttpServer(HttpServerSettings settings, RouteTable routes, McpEndpoint mcp, RequestGuard guard, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<HttpServer>();
        (_routes, _guard) = (routes, guard);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "mobilevlm" });
        builder.Services.RemoveAll<IHostLifetime>();

        // Signals are the outer host's: this one would stop first and take the connections with it.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(loggers);
        mcp.AddTo(builder.Services, http => _guard.CheckAccess(http, AccessLevel.Full));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopLimit);
        builder.WebHost.UseKestrelCore();
        if (settings is { CertificateFile: { } certificate, KeyFile: { } key })
        {
            _certificate = ReadCertificate(certificate, key);
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, settings, _certificate));
        _application = builder.Build();
        mcp.Map(_application.Services);
        _application.Run(HandleAsync);
    }

    /// <summary>The address at which it listens, with its actual port.</summary>
    public Uri Address { get; private set; } = new("http://localhost/");

    /// <summary>Starts listening.</summary>
    /// <param name="settings">Validated settings.</param>
    /// <param name="services">What answers the requests.</param>
    /// <param name="loggers">For the log.</param>
    /// <param name="cancel">Cancels the start.</param>
    /// <exception cref="HttpPortBusyException">The port cannot be used.</exception>
    /// <exception cref="IOException">The token file or the certificate cannot be read.</exception>
    public static async Task<HttpServer> StartAsync(
        HttpServerSettings settings, HttpServices services, ILoggerFactory loggers, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(loggers);
        var logger = loggers.CreateLogger<HttpServer>();
        var tokens = ReadTokens(settings, logger);
        var guard = new RequestGuard(settings, tokens, services.Time, services.Addresses);
        var queue = new RequestQueue(settings.MaxWaiting, settings.AskWithin, services.Time);
        var mcp = new McpEndpoint(new McpTools(services, new AdmittedAsks(settings, services, queue)), services.Version);
        var server = new HttpServer(settings, HttpRoutes.Create(settings, services, guard, queue, mcp), mcp, guard, loggers);
        try
        {
            await server._application.StartAsync(cancel);
        }
        catch (Exception fault) when (fault is IOException or System.Net.Sockets.SocketException or AddressInUseException)
        {
            await server.DisposeAsync();
            throw new HttpPortBusyException($"Http:Listen: {settings.Listen} cannot be used: {fault.Message}. Set another port, or stop what uses it.", fault);
        }

        var address = server._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        server.Address = new Uri(address);
        LogListens(logger, server.Address, tokens is null ? "without a token" : "with a token");
        if (tokens is not null && settings.OpenTo.Count > 0)
        {
            LogOpenTo(logger, string.Join(", ", settings.OpenTo));
        }

        return server;
    }

    /// <summary>Ends every stream and stops listening, within a second or so. Later calls do nothing.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        // Kestrel waits for requests and does not cancel them.
        await _stopping.CancelAsync();
        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            await _application.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            LogRequestsAborted();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _application.DisposeAsync();
        _certificate?.Dispose();
        _stopping.Dispose();
    }

    private static AccessTokens? ReadTokens(HttpServerSettings settings, ILogger logger)
    {
        if (settings.TokenFile is not { } file)
        {
            return null;
        }

        if (settings.CreatesTokenFile && !File.Exists(file))
        {
            AccessTokens.Create(file);
            LogTokenCreated(logger, file);
        }

        try
        {
            return AccessTokens.Parse(File.ReadAllText(file));
        }
        catch (FormatException error)
        {
            throw new IOException($"Http:TokenFile: '{file}': {error.Message}", error);
        }
    }

    private static void Configure(KestrelServerOptions kestrel, HttpServerSettings settings, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxRequestBodySize = settings.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(20);
        kestrel.Listen(settings.Listen, listen =>
        {
            listen.Protocols = settings.CertificateFile is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        });
    }

    private static X509Certificate2 ReadCertificate(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception error) when (error is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            // The key of another certificate is reported as a wrong argument.
            throw new IOException($"Http:CertificateFile and Http:KeyFile are not a certificate and its key in PEM form: {error.Message}", error);
        }
    }

    private async Task HandleAsync(HttpContext http)
    {
        var path = RouteTable.PartsOf(_guard.PathOf(http));
        var form = RouteTable.FormOf(path);
        var busyStatus = StatusCodes.Status503ServiceUnavailable;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);
        try
        {
            _guard.CheckHost(http);
            _guard.CheckOrigin(http);
            if (HttpMethods.IsOptions(http.Request.Method))
            {
                http.Response.StatusCode = StatusCodes.Status204NoContent;
                http.Response.Headers.Allow = string.Join(", ", _routes.MethodsOf(path));
                return;
            }

            var (route, values) = _routes.Find(http.Request.Method, path);
            (form, busyStatus) = (route.Form, route.BusyStatus);
            _guard.CheckAccess(http, route);
            await route.Handler(new RouteContext(http, values, ending.Token));
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            await EndAsync(http, HttpFailureException.Unavailable("this service is about to stop", TimeSpan.FromSeconds(10)), form);
        }
        catch (HttpFailureException failure)
        {
            await EndAsync(http, failure.Status == StatusCodes.Status503ServiceUnavailable && failure.Code == "busy" ? failure.WithStatus(busyStatus) : failure, form);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
        {
            await EndAsync(http, new HttpFailureException(error.StatusCode, error.Message, "bad_request"), form);
        }
        catch (Exception fault)
        {
            LogFailed(fault, http.Request.Method, string.Concat(http.Request.Path.Value?.Where(c => !char.IsControl(c)).Take(100) ?? []));
            await EndAsync(http, new HttpFailureException(StatusCodes.Status500InternalServerError, "the service failed at this request; its log has the reason", "internal_error"), form);
        }
    }

    /// <summary>Writes an error, or cuts the connection of a response that has begun: an orderly end would look like success.</summary>
    private static async Task EndAsync(HttpContext http, HttpFailureException failure, ErrorForm form)
    {
        if (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        try
        {
            http.Response.ContentLength = null;
            await http.WriteErrorAsync(failure, form);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            http.Abort();
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "HTTP is at {Address} ({Access}).")]
    private static partial void LogListens(ILogger logger, Uri address, string access);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "A new access token is in {File}.")]
    private static partial void LogTokenCreated(ILogger logger, string file);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Requests from {Networks} need no token (Http:OpenTo).")]
    private static partial void LogOpenTo(ILogger logger, string networks);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "{Method} {Path} failed; the client gets status 500 and other requests are not affected. Please report this.")]
    private partial void LogFailed(Exception fault, string method, string path);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Requests that did not end in time were cut off at the stop.")]
    private partial void LogRequestsAborted();

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
