using System.Net;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>The log-in of browsers.</summary>
public sealed class SessionTests
{
    private const string Switch = "/api/v1/cameras/gate/questions/person/enabled";

    [Theory]
    [InlineData("""{"token":"fulltoken0123456789"}""")]
    [InlineData("token=fulltoken0123456789")]
    public async Task A_token_sets_a_cookie_that_scripts_and_other_pages_cannot_use(string body)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);

        var response = await rig.PostAsync("/login", body);

        Assert.Equal((HttpStatusCode.OK, "full"), (response.Status, response.Json.GetProperty("access").GetString()));
        var cookie = response.Headers["Set-Cookie"];
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("path=", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secure", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(HttpRig.FullToken, cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_an_encrypted_connection_the_cookie_is_for_such_connections_only()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var response = await rig.SendAsync(
            HttpMethod.Post, "/login", $"token={HttpRig.FullToken}", change: request => request.Headers.Add("X-Forwarded-Proto", "https"));
        Assert.Contains("secure", response.Headers["Set-Cookie"], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Two_log_ins_with_one_token_have_different_cookies()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.NotEqual(await LogInAsync(rig, HttpRig.FullToken), await LogInAsync(rig, HttpRig.FullToken));
    }

    [Theory]
    [InlineData("token=wrongtoken0123456789", HttpStatusCode.Unauthorized)]
    [InlineData("""{"token":"wrongtoken0123456789"}""", HttpStatusCode.Unauthorized)]
    [InlineData("{\"token\":", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task Anything_else_is_refused_without_a_cookie(string body, HttpStatusCode status)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var response = await rig.PostAsync("/login", body);
        Assert.Equal(status, response.Status);
        Assert.NotEmpty(response.ErrorMessage);
        Assert.DoesNotContain("Set-Cookie", response.Headers.Keys);
    }

    [Fact]
    public async Task The_cookie_allows_what_its_token_allows()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var reader = await LogInAsync(rig, HttpRig.ReadToken);
        var owner = await LogInAsync(rig, HttpRig.FullToken);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, HttpMethod.Get, "/api/v1/cameras", reader)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(rig, HttpMethod.Put, Switch, reader, FromOwnPage)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, HttpMethod.Put, Switch, owner, FromOwnPage)).Status);
        Assert.Equal("read", (await SendAsync(rig, HttpMethod.Get, "/api/v1/session", reader)).Json.GetProperty("access").GetString());
        Assert.Equal("none", (await rig.GetAsync("/api/v1/session")).Json.GetProperty("access").GetString());
        Assert.True((await rig.GetAsync("/api/v1/session")).Json.GetProperty("tokenRequired").GetBoolean());
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData("same-origin", null, true)]
    [InlineData("cross-site", null, false)]
    [InlineData("same-site", null, false)]
    [InlineData("none", null, false)]
    [InlineData(null, "http://evil.example", false)]
    [InlineData(null, "own", true)]
    [InlineData("cross-site", "http://evil.example", false)]
    public async Task A_change_with_a_cookie_must_come_from_the_servers_own_page(string? site, string? origin, bool isAllowed)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var cookie = await LogInAsync(rig, HttpRig.FullToken);

        var response = await SendAsync(rig, HttpMethod.Put, Switch, cookie, request =>
        {
            if (site is not null)
            {
                request.Headers.Add("Sec-Fetch-Site", site);
            }

            if (origin is not null)
            {
                request.Headers.Add("Origin", origin == "own" ? rig.Server.Address.GetLeftPart(UriPartial.Authority) : origin);
            }
        });

        Assert.Equal(isAllowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.Status);
        Assert.Equal(isAllowed ? 1 : 0, rig.Cameras.Switched.Count);
    }

    [Fact]
    public async Task A_page_of_another_host_may_not_log_a_browser_in()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var response = await rig.SendAsync(
            HttpMethod.Post, "/login", $"token={HttpRig.FullToken}", change: request => request.Headers.Add("Origin", "http://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, response.Status);
    }

    [Fact]
    public async Task The_page_behind_a_trusted_proxy_that_changes_the_host_may_change_things()
    {
        Assert.True(HttpAddresses.TryParseNetwork("127.0.0.1", out var parsed));
        await using var rig = await HttpRig.StartAsync(settings => settings with { TrustedProxies = [parsed] }, hasTokens: true);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync("http://home.example:8123")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("http://evil.example")).Status);

        Task<Response> SendAsync(string origin) => rig.SendAsync(HttpMethod.Put, Switch, """{"enabled":true}""", change: request =>
        {
            request.Headers.Add("X-Ingress-Path", "/api/hassio_ingress/abc");
            request.Headers.Add("X-Forwarded-Host", "home.example:8123");
            request.Headers.Add("Origin", origin);
        });
    }

    [Fact]
    public async Task After_a_log_out_a_copy_of_the_cookie_is_refused_too()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var cookie = await LogInAsync(rig, HttpRig.FullToken);
        var other = await LogInAsync(rig, HttpRig.FullToken);

        var response = await SendAsync(rig, HttpMethod.Post, "/logout", cookie, FromOwnPage);

        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.Contains("max-age=0", response.Headers["Set-Cookie"], StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(rig, HttpMethod.Get, "/api/v1/cameras", cookie)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, HttpMethod.Get, "/api/v1/cameras", other)).Status);
    }

    [Fact]
    public async Task A_token_in_the_request_counts_before_the_cookie()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var cookie = await LogInAsync(rig, HttpRig.FullToken);
        var response = await SendAsync(rig, HttpMethod.Get, "/api/v1/cameras", cookie, request => request.Headers.Add("X-Api-Key", "wrongtoken0123456789"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.Status);
    }

    [Fact]
    public async Task Where_no_token_is_demanded_the_page_needs_no_log_in()
    {
        await using var rig = await HttpRig.StartAsync();
        var session = (await rig.GetAsync("/api/v1/session")).Json;
        Assert.Equal(("full", false), (session.GetProperty("access").GetString(), session.GetProperty("tokenRequired").GetBoolean()));
        var login = await rig.PostAsync("/login", "token=whatever");
        Assert.Equal(HttpStatusCode.OK, login.Status);
        Assert.DoesNotContain("Set-Cookie", login.Headers.Keys);
    }

    [Fact]
    public void A_restart_keeps_log_ins_unless_their_token_is_gone()
    {
        const string Line = "owner fulltoken0123456789";
        var time = new FakeTimeProvider();
        var cookie = new SessionCookies(AccessTokens.Parse(Line), 8080, time).Create("fulltoken0123456789")!;

        Assert.Equal(AccessLevel.Full, new SessionCookies(AccessTokens.Parse(Line), 8080, time).LevelOf(cookie));
        Assert.Equal(AccessLevel.Read, new SessionCookies(AccessTokens.Parse($"{Line} read"), 8080, time).LevelOf(cookie));
        Assert.Equal(AccessLevel.None, new SessionCookies(AccessTokens.Parse("owner othertoken0123456789"), 8080, time).LevelOf(cookie));
    }

    [Fact]
    public void A_log_in_ends_after_its_time_but_not_when_the_clock_is_behind()
    {
        var tokens = AccessTokens.Parse("owner fulltoken0123456789");
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        var sessions = new SessionCookies(tokens, 8080, time);
        var cookie = sessions.Create("fulltoken0123456789")!;

        time.Advance(SessionCookies.Lifetime);
        Assert.Equal(AccessLevel.Full, sessions.LevelOf(cookie));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AccessLevel.None, sessions.LevelOf(cookie));
        Assert.Equal(AccessLevel.Full, new SessionCookies(tokens, 8080, new FakeTimeProvider(DateTimeOffset.UnixEpoch)).LevelOf(cookie));
    }

    [Fact]
    public async Task A_service_at_another_port_of_the_host_has_a_cookie_of_its_own()
    {
        var tokens = AccessTokens.Parse("owner fulltoken0123456789");
        Assert.NotEqual(new SessionCookies(tokens, 8080, TimeProvider.System).Name, new SessionCookies(tokens, 8081, TimeProvider.System).Name);
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.StartsWith("mobilevlm_0=", (await rig.PostAsync("/login", $"token={HttpRig.FullToken}")).Headers["Set-Cookie"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_cookie_is_refused()
    {
        var sessions = new SessionCookies(AccessTokens.Parse("owner fulltoken0123456789\nviewer readtoken0123456789 read"), 8080, TimeProvider.System);
        var parts = sessions.Create("fulltoken0123456789")!.Split('.');
        var other = sessions.Create("readtoken0123456789")!.Split('.');

        Assert.All(
            (string[])[
                $"{parts[0]}0.{parts[1]}.{parts[2]}", $"{parts[0]}.{other[1]}.{parts[2]}", $"{parts[0]}.{parts[1]}.{other[2]}",
                $"{parts[0]}.{parts[1]}", $"{parts[0]}.{parts[1]}.", "..", "", new string('.', 500), $"-1.{parts[1]}.{parts[2]}", $"{parts[0]}.{parts[1]}.é",
            ],
            cookie => Assert.Equal(AccessLevel.None, sessions.LevelOf(cookie)));
    }

    private static void FromOwnPage(HttpRequestMessage request) => request.Headers.Add("Sec-Fetch-Site", "same-origin");

    private static async Task<string> LogInAsync(HttpRig rig, string token)
    {
        var response = await rig.PostAsync("/login", new { token });
        return response.Headers["Set-Cookie"].Split(';')[0];
    }

    private static Task<Response> SendAsync(HttpRig rig, HttpMethod method, string path, string cookie, Action<HttpRequestMessage>? change = null) =>
        rig.SendAsync(method, path, method == HttpMethod.Put ? """{"enabled":true}""" : null, change: request =>
        {
            request.Headers.Add("Cookie", cookie);
            change?.Invoke(request);
        });
}
