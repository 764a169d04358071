using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Decides whether a request is answered: its host, the origin of the page that sent it, its token.</summary>
/// <param name="settings">The server's settings.</param>
/// <param name="tokens">The known tokens; null where none are demanded.</param>
internal sealed class RequestGuard(HttpServerSettings settings, AccessTokens? tokens)
{
    private const string IngressPath = "X-Ingress-Path";
    private const string ForwardedPrefix = "X-Forwarded-Prefix";

    private static readonly string[] OwnHosts = ["localhost", "127.0.0.1", "[::1]"];

    private readonly string? _publicOrigin = settings.PublicUrl?.GetLeftPart(UriPartial.Authority);

    /// <summary>Checks the host. A web page could let its own host name stand for the loopback address, and then read what
    /// only this machine may see.</summary>
    /// <exception cref="HttpFailureException">It is another host's.</exception>
    public void CheckHost(HttpContext http)
    {
        var host = http.Request.Host.Host;
        if (settings.IsLoopback
            && !OwnHosts.Contains(host, StringComparer.OrdinalIgnoreCase)
            && !string.Equals(host, settings.PublicUrl?.Host, StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpFailureException(
                StatusCodes.Status421MisdirectedRequest,
                "this server answers for localhost and 127.0.0.1; Http:PublicUrl adds the host name of a reverse proxy",
                "wrong_host");
        }
    }

    /// <summary>Checks the page that sent a request, and allows listed pages of other hosts to read the response.</summary>
    /// <exception cref="HttpFailureException">A page of another host sends a request that changes something or costs time.</exception>
    public void CheckOrigin(HttpContext http)
    {
        if (http.Request.Headers.Origin is not [{ Length: > 0 } origin])
        {
            return;
        }

        if (settings.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
        {
            var headers = http.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.Vary = "Origin";
            headers.AccessControlAllowMethods = "GET, POST, PUT, DELETE";
            headers.AccessControlAllowHeaders = http.Request.Headers.AccessControlRequestHeaders is { Count: > 0 } asked
                ? asked
                : new StringValues("Authorization, Content-Type, X-Api-Key");
            headers.AccessControlMaxAge = "600";
        }
        else if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method)
            && !HttpMethods.IsOptions(http.Request.Method) && !IsOwnOrigin(origin, http.Request.Host.Value))
        {
            throw new HttpFailureException(
                StatusCodes.Status403Forbidden, "a page of another host sent this; Http:AllowedOrigins lists the ones that may", "origin_not_allowed");
        }
    }

    /// <summary>Checks the token.</summary>
    /// <exception cref="HttpFailureException">There is none, or it does not allow this.</exception>
    public void CheckAccess(HttpContext http, AccessLevel needed)
    {
        if (needed == AccessLevel.None || tokens is null || IsOpen(http))
        {
            return;
        }

        var level = TokenOf(http.Request) is { } token ? tokens.LevelOf(token) : AccessLevel.None;
        if (level == AccessLevel.None)
        {
            throw new HttpFailureException(
                StatusCodes.Status401Unauthorized, "this server needs a token: Authorization: Bearer TOKEN, or X-Api-Key: TOKEN", "token_missing");
        }

        if (level < needed)
        {
            throw new HttpFailureException(StatusCodes.Status403Forbidden, "this token may read only; a token without 'read' may also ask and change", "token_may_read_only");
        }
    }

    /// <summary>The path below the prefix that a trusted proxy names, if it did not remove that itself.</summary>
    public string PathOf(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        if (!IsTrustedProxy(http))
        {
            return path;
        }

        var prefix = http.Request.Headers[ForwardedPrefix].FirstOrDefault() ?? http.Request.Headers[IngressPath].FirstOrDefault();
        return prefix is { Length: > 1 } && path.StartsWith(prefix.TrimEnd('/') + "/", StringComparison.Ordinal)
            ? path[prefix.TrimEnd('/').Length..]
            : path;
    }

    private static string? TokenOf(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header.Length > Scheme.Length
            ? header[Scheme.Length..].Trim()
            : request.Headers["X-Api-Key"].FirstOrDefault() is { Length: > 0 } key ? key : null;
    }

    private bool IsOpen(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } remote
        && (remote.IsIn(settings.OpenTo) || (remote.IsIn(settings.TrustedProxies) && http.Request.Headers.ContainsKey(IngressPath)));

    private bool IsTrustedProxy(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } remote && remote.IsIn(settings.TrustedProxies);

    private bool IsOwnOrigin(string origin, string? host) =>
        string.Equals(origin, _publicOrigin, StringComparison.OrdinalIgnoreCase)
        || (Uri.TryCreate(origin, UriKind.Absolute, out var address) && string.Equals(address.Authority, host, StringComparison.OrdinalIgnoreCase));
}
