using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Page;

/// <summary>Log-in and log-out of browsers, which cannot send a token with pictures and event streams.</summary>
internal sealed class SessionRoutes(RequestGuard guard, RequestBody bodies)
{
    /// <summary>Anybody may send a log-in, so no more than a token needs is read.</summary>
    private const int MaxBodyBytes = 8192;

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Post, "/login", AccessLevel.None, ErrorForm.Object, LogInAsync),
        new(HttpMethods.Post, "/logout", AccessLevel.None, ErrorForm.Object, LogOutAsync),
        new(HttpMethods.Get, "/api/v1/session", AccessLevel.None, ErrorForm.Object, context =>
            WriteAsync(context, guard.LevelOf(context.Http))),
    ];

    private async Task LogInAsync(RouteContext context)
    {
        var token = await bodies.ReadAsync(context, TokenOf, MaxBodyBytes)
            ?? throw HttpFailureException.Invalid("token", "'token' is missing; send it as a form field or as {\"token\":\"...\"}");
        if (guard.Sessions is not { } sessions)
        {
            await WriteAsync(context, AccessLevel.Full);
            return;
        }

        var cookie = sessions.Create(token) ?? throw new HttpFailureException(
            StatusCodes.Status401Unauthorized, "this token is not in the token file of the service (Http:TokenFile)", "token_unknown");
        context.Http.Response.Cookies.Append(sessions.Name, cookie, Options(context.Http, SessionCookies.Lifetime));
        await WriteAsync(context, sessions.LevelOf(cookie));
    }

    private Task LogOutAsync(RouteContext context)
    {
        if (guard.Sessions is { } sessions)
        {
            if (guard.CookieOf(context.Http.Request) is { } cookie)
            {
                sessions.End(cookie);
            }

            context.Http.Response.Cookies.Append(sessions.Name, "", Options(context.Http, TimeSpan.Zero));
        }

        return WriteAsync(context, guard.NeedsToken(context.Http) ? AccessLevel.None : AccessLevel.Full);
    }

    private Task WriteAsync(RouteContext context, AccessLevel access) => context.WriteJsonAsync(new JsonObject
    {
        ["access"] = access switch
        {
            AccessLevel.None => "none",
            AccessLevel.Read => "read",
            AccessLevel.Full => "full",
            _ => throw new ArgumentOutOfRangeException(nameof(access), access, "This access has no word."),
        },
        ["tokenRequired"] = guard.NeedsToken(context.Http),
    });

    private static CookieOptions Options(HttpContext http, TimeSpan lifetime) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,

        // Whoever forges the header of a proxy harms his own log-in only.
        Secure = http.Request.IsHttps || http.Request.Headers["X-Forwarded-Proto"].ToString().Equals("https", StringComparison.OrdinalIgnoreCase),
        MaxAge = lifetime,

        // Without a path, the cookie is for the folder of the log-in's address, below whatever prefix a proxy has.
        Path = null,
        IsEssential = true,
    };

    private static string? TokenOf(ReadOnlyMemory<byte> body)
    {
        var text = Encoding.UTF8.GetString(body.Span).Trim();
        if (!text.StartsWith('{'))
        {
            return QueryHelpers.ParseQuery(text).TryGetValue("token", out var values) && values is [{ Length: > 0 } field] ? field.Trim() : null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Text("token") is { Length: > 0 } token ? token.Trim() : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw HttpFailureException.Invalid("token", "the body is not JSON; send {\"token\":\"...\"}");
        }
    }
}
