using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Connectors.Webhooks;

/// <summary>Posts events to one URL. Follows no redirect, keeps no cookie, checks the certificate, and reads nothing of a response but its
/// head. Thread-safe.</summary>
public sealed class WebhookSender : IWebhookSender
{
    private readonly WebhookSettings _settings;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly string _secretKey;

    /// <param name="settings">Validated settings.</param>
    /// <param name="version">The version of this program, for <c>User-Agent</c>.</param>
    /// <param name="time">The clock.</param>
    public WebhookSender(WebhookSettings settings, string version, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_settings, _time) = (settings, time);
        _secretKey = $"Webhooks:{settings.Name}:SecretFile";
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = settings.Timeout,

            // A receiver that moves to another address is found again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("mobilevlm", version));
    }

    /// <inheritdoc/>
    public string Receiver => _settings.Receiver;

    /// <inheritdoc/>
    public async Task<WebhookOutcome> SendAsync(string id, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _settings.Url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var now = _time.GetUtcNow();
        if (Sign(request, id, now, body) is { } fault)
        {
            return new WebhookOutcome(WebhookOutcomeKind.Failed, fault);
        }

        using var timeout = new CancellationTokenSource(_settings.Timeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return OutcomeOf(response, PlausibleTime.Includes(now));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new WebhookOutcome(
                WebhookOutcomeKind.Failed, string.Create(CultureInfo.InvariantCulture, $"no response came within {_settings.Timeout.TotalSeconds:0.#} s"));
        }
        catch (HttpRequestException error)
        {
            return new WebhookOutcome(WebhookOutcomeKind.Failed, ReasonOf(error));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <returns>Why it cannot be signed; null if it is, or need not be.</returns>
    private string? Sign(HttpRequestMessage request, string id, DateTimeOffset now, ReadOnlyMemory<byte> body)
    {
        var timestamp = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp);
        if (_settings.SecretFile is not { } file)
        {
            return null;
        }

        // Read each time, so that it can be changed while the service runs.
        if (WebhookSecret.Read(file, out var fault) is not { } secret)
        {
            return $"{_secretKey}: '{file}' {fault}";
        }

        request.Headers.Add("webhook-signature", secret.Sign(id, timestamp, body.Span));
        return null;
    }

    private WebhookOutcome OutcomeOf(HttpResponseMessage response, bool isClockSet)
    {
        var status = (int)response.StatusCode;
        var reason = string.Create(CultureInfo.InvariantCulture, $"status {status}");
        if (response.IsSuccessStatusCode)
        {
            return new WebhookOutcome(WebhookOutcomeKind.Delivered, reason);
        }

        // A receiver refuses a signature whose time is far from its own.
        var mayBeTheClock = _settings.SecretFile is not null && !isClockSet;
        var isFinal = status is >= 400 and < 500
            && response.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)
            && !mayBeTheClock;
        return new WebhookOutcome(
            isFinal ? WebhookOutcomeKind.Refused : WebhookOutcomeKind.Failed,
            status is >= 300 and < 400 ? $"{reason}, a redirect, which is not followed; set Url to the final address" : reason,
            isFinal ? null : RetryAfterOf(response));
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var wait = header?.Delta ?? (header?.Date is { } date ? date - _time.GetUtcNow() : null);
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static string ReasonOf(HttpRequestException error)
    {
        // The innermost message names the cause: an outer one repeats the address or says that there is an inner one.
        Exception cause = error;
        while (cause.InnerException is { } inner && cause is not AuthenticationException)
        {
            cause = inner;
        }

        return cause.Message.TrimEnd('.');
    }
}
