using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>One request over all its redirects, and the body as it comes in.</summary>
public sealed partial class HubClient
{
    private const int MostRedirects = 10;
    private const int BufferSize = 128 * 1024;

    private static readonly string Version =
        typeof(HubClient).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <returns>A success; the caller disposes it.</returns>
    /// <exception cref="HubInterruptedException">Asking again may help.</exception>
    /// <exception cref="HubException">Asking again does not help.</exception>
    private async Task<HttpResponseMessage> AskAsync(
        Uri address, string what, string id, Action<HttpRequestMessage>? shape, StallTimeout watch)
    {
        var target = address;
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("mobilevlm", Version));
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            var mayHaveToken = IsHub(target) && _settings.Token is not null;
            if (mayHaveToken)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _settings.Token);
            }

            shape?.Invoke(request);
            var response = await SendAsync(request, watch);
            if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return response;
            }

            using (response)
            {
                target = Next(response, target) ?? throw HubReplies.Explain(response, what, id, _settings.Address, mayHaveToken);
            }
        }

        throw new HubException($"{address.Host} redirects {what} more than {MostRedirects} times. Check --hub.");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, StallTimeout watch)
    {
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watch.Token);
            watch.Alive();
            return response;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new HubException(
                $"{request.RequestUri!.Host} cannot prove who it is ({(e.InnerException ?? e).Message}). Check this device's clock and its "
                + "certificates (ca-certificates).", e);
        }
        catch (Exception e) when (watch.Explain(e, request.RequestUri!.Host) is Exception explained)
        {
            throw explained;
        }
    }

    /// <returns>Null when the response is not a redirect.</returns>
    private static Uri? Next(HttpResponseMessage response, Uri from)
    {
        if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
            || response.Headers.Location is not { } location)
        {
            return null;
        }

        var next = location.IsAbsoluteUri ? location : new Uri(from, location);
        return next.Scheme == Uri.UriSchemeHttps || (next.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp)
            ? next
            : throw new HubException($"{from.Host} redirects to {next.Scheme}://{next.Host}, which is not safe to follow. Check --hub.");
    }

    private bool IsHub(Uri target) =>
        target.Scheme == _settings.Address.Scheme
        && string.Equals(target.IdnHost, _settings.Address.IdnHost, StringComparison.OrdinalIgnoreCase)
        && target.Port == _settings.Address.Port;

    /// <summary>Pieces are valid until the next one is asked for.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> BodyAsync(HttpResponseMessage response, StallTimeout watch)
    {
        var host = response.RequestMessage!.RequestUri!.Host;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(watch.Token);
            while (await ReadAsync(body, buffer, watch, host) is > 0 and var count)
            {
                watch.Alive();
                yield return buffer.AsMemory(0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<int> ReadAsync(Stream body, byte[] buffer, StallTimeout watch, string host)
    {
        try
        {
            return await body.ReadAsync(buffer, watch.Token);
        }
        catch (Exception e) when (watch.Explain(e, host) is Exception explained)
        {
            throw explained;
        }
    }
}
