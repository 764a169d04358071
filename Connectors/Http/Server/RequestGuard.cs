using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Decides whether a request is answered: its host, the origin of the page that sent it, its token or the cookie of its
/// log-in.</summary>
/// <param name="settings">The server's settings.</param>
/// <param name="tokens">The known tokens; null where none are demanded.</param>
/// <param name="time">For the age of log-ins.</param>
/// <param name="addresses">Addresses that need no token; null where none are published.</param>
internal sealed class RequestGuard(HttpServerSettings settings, AccessTokens? tokens, TimeProvider time, SignedAddresses? addresses = null)
{
    private const string IngressPath = "X-Ingress-Path";
    private const string ForwardedPrefix = "X-Forwarded-Prefix";

    private static readonly string[] OwnHosts = ["localhost", "127.0.0.1", "[::1]"];

    private readonly string? _publicOrigin = settings.PublicUrl?.GetLeftPart(UriPartial.Authority);

    /// <summary>The log-ins of browsers; null where no token is demanded.</summary>
    public SessionCookies? Sessions { get; } = tokens is null ? null : new SessionCookies(tokens, settings.Listen.Port, time);

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
        if (settings.AllowedOrigins.Count > 0)
        {
            http.Response.AppendVary(HeaderNames.Origin);
        }

        if (http.Request.Headers.Origin is not [{ Length: > 0 } origin])
        {
            return;
        }

        if (settings.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
        {
            var headers = http.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlAllowMethods = "GET, POST, PUT, DELETE";
            headers.AccessControlAllowHeaders = http.Request.Headers.AccessControlRequestHeaders is { Count: > 0 } asked
                ? asked
                : new StringValues("Authorization, Content-Type, X-Api-Key");
            headers.AccessControlMaxAge = "600";
        }
        else if (IsChange(http.Request) && !IsOwnPage(http))
        {
            throw new HttpFailureException(
                StatusCodes.Status403Forbidden, "a page of another host sent this; Http:AllowedOrigins lists the ones that may", "origin_not_allowed");
        }
    }

    /// <summary>Checks what a route demands: a signed address where it may have one, otherwise a token.</summary>
    /// <exception cref="HttpFailureException">It is not met.</exception>
    public void CheckAccess(HttpContext http, Route route)
    {
        if (tokens is null || !route.IsSignable || addresses?.Allows(PathOf(http), http.Request.Query) != true)
        {
            CheckAccess(http, route.Access);
        }
    }

    /// <summary>Checks the token, or the cookie of a log-in.</summary>
    /// <exception cref="HttpFailureException">There is none, or it does not allow this.</exception>
    public void CheckAccess(HttpContext http, AccessLevel needed)
    {
        if (needed == AccessLevel.None)
        {
            return;
        }

        var level = LevelOf(http);
        if (level == AccessLevel.None)
        {
            throw new HttpFailureException(
                StatusCodes.Status401Unauthorized, "this server needs a token: Authorization: Bearer TOKEN, or X-Api-Key: TOKEN", "token_missing");
        }

        if (level < needed)
        {
            throw new HttpFailureException(StatusCodes.Status403Forbidden, "this token may read only; a token without 'read' may also ask and change", "token_may_read_only");
        }

        // A browser adds the cookie by itself, also to what another page makes it send.
        if (DependsOnCookie(http) && IsChange(http.Request) && !IsOwnPage(http))
        {
            throw new HttpFailureException(
                StatusCodes.Status403Forbidden,
                "a log-in may ask and change from the page of this server only; programs send Authorization: Bearer TOKEN",
                "not_same_origin");
        }
    }

    /// <summary>What the sender of a request may do.</summary>
    public AccessLevel LevelOf(HttpContext http) =>
        tokens is null || IsOpen(http) ? AccessLevel.Full
        : TokenOf(http.Request) is { } token ? tokens.LevelOf(token)
        : CookieOf(http.Request) is { } cookie ? Sessions!.LevelOf(cookie)
        : AccessLevel.None;

    /// <summary>The cookie of a log-in; null if there is none.</summary>
    public string? CookieOf(HttpRequest request) =>
        Sessions is { } sessions && request.Cookies[sessions.Name] is { Length: > 0 } cookie ? cookie : null;

    /// <summary>Whether the sender of a request must have a token.</summary>
    public bool NeedsToken(HttpContext http) => tokens is not null && !IsOpen(http);

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

    private bool DependsOnCookie(HttpContext http) => NeedsToken(http) && TokenOf(http.Request) is null;

    private static bool IsChange(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method);

    /// <summary>Whether a page of this server sent the request. The browser states it where the connection is encrypted or local;
    /// elsewhere the page's origin is compared with the host that was asked.</summary>
    private bool IsOwnPage(HttpContext http)
    {
        var headers = http.Request.Headers;
        if (headers["Sec-Fetch-Site"] is [{ Length: > 0 } site])
        {
            return site.Equals("same-origin", StringComparison.OrdinalIgnoreCase)
                || (headers.Origin is [{ } stated] && string.Equals(stated, _publicOrigin, StringComparison.OrdinalIgnoreCase));
        }

        return headers.Origin is [{ Length: > 0 } origin]
            && (IsOwnOrigin(origin, http.Request.Host.Value)
                || (IsTrustedProxy(http) && IsOwnOrigin(origin, headers["X-Forwarded-Host"].FirstOrDefault())));
    }

    private bool IsOwnOrigin(string origin, string? host) =>
        string.Equals(origin, _publicOrigin, StringComparison.OrdinalIgnoreCase)
        || (Uri.TryCreate(origin, UriKind.Absolute, out var address) && string.Equals(address.Authority, host, StringComparison.OrdinalIgnoreCase));
}
