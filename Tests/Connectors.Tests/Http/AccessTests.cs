using System.Net;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class AccessTests
{
    private static readonly object Chat = new { messages = new[] { new { role = "user", content = "Hi" } } };

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/health")]
    [InlineData("/")]
    public async Task Health_and_the_page_need_no_token(string path)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync(path)).Status);
    }

    [Theory]
    [InlineData("/api/v1/cameras")]
    [InlineData("/api/v1/stats")]
    [InlineData("/api/v1/cameras/gate/snapshot.jpg")]
    [InlineData("/v1/models")]
    [InlineData("/models")]
    [InlineData("/props")]
    [InlineData("/tokenizer_info")]
    [InlineData("/api/tags")]
    [InlineData("/api/version")]
    [InlineData("/api/ps")]
    public async Task Reading_needs_a_token_that_may_read_also_on_the_loopback_address(string path)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync(path)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync(path, "wrongtoken0123456789")).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync(path, HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync(path, HttpRig.FullToken)).Status);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/completions")]
    [InlineData("/api/chat")]
    [InlineData("/api/generate")]
    [InlineData("/api/v1/ask?question=x&answer=YesNo")]
    [InlineData("/api/v1/cameras/gate/ask")]
    public async Task A_token_that_may_read_may_not_ask(string path)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.PostAsync(path, Chat)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.PostAsync(path, Chat, HttpRig.ReadToken)).Status);
        Assert.NotEqual(HttpStatusCode.Forbidden, (await rig.PostAsync(path, Chat, HttpRig.FullToken)).Status);
    }

    [Theory]
    [InlineData("/tokenize", """{"prompt":"a"}""")]
    [InlineData("/detokenize", """{"tokens":[1]}""")]
    [InlineData("/api/show", """{"model":"mobilevlm-v2-1.7b"}""")]
    public async Task Reading_by_post_needs_a_token_that_may_read_only(string path, string body)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync(path, body, HttpRig.ReadToken)).Status);
    }

    [Fact]
    public async Task A_token_may_come_as_a_key()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var response = await rig.SendAsync(HttpMethod.Get, "/v1/models", change: request => request.Headers.Add("X-Api-Key", HttpRig.ReadToken));
        Assert.Equal(HttpStatusCode.OK, response.Status);
    }

    [Fact]
    public async Task Any_token_is_accepted_where_none_is_demanded()
    {
        await using var rig = await HttpRig.StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/v1/models", "sk-whatever")).Status);
        var empty = await rig.SendAsync(HttpMethod.Get, "/v1/models", change: request => request.Headers.TryAddWithoutValidation("Authorization", "Bearer "));
        Assert.Equal(HttpStatusCode.OK, empty.Status);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.0/8")]
    public async Task Listed_clients_need_no_token(string network)
    {
        Assert.True(HttpAddresses.TryParseNetwork(network, out var parsed));
        await using var rig = await HttpRig.StartAsync(settings => settings with { OpenTo = [parsed] }, hasTokens: true);
        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync("/v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task A_header_does_not_make_a_client_a_listed_one()
    {
        Assert.True(HttpAddresses.TryParseNetwork("192.168.1.0/24", out var parsed));
        await using var rig = await HttpRig.StartAsync(settings => settings with { OpenTo = [parsed] }, hasTokens: true);
        var response = await rig.SendAsync(HttpMethod.Get, "/v1/models", change: request => request.Headers.Add("X-Forwarded-For", "192.168.1.5"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.Status);
    }

    [Fact]
    public async Task A_trusted_proxy_that_checked_the_user_needs_no_token()
    {
        Assert.True(HttpAddresses.TryParseNetwork("127.0.0.1", out var parsed));
        await using var rig = await HttpRig.StartAsync(settings => settings with { TrustedProxies = [parsed] }, hasTokens: true);

        var ingress = await rig.SendAsync(
            HttpMethod.Get, "/prefix/api/v1/cameras", change: request => request.Headers.Add("X-Ingress-Path", "/prefix"));
        Assert.Equal(HttpStatusCode.OK, ingress.Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/cameras")).Status);
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("localhost:1234", 200)]
    [InlineData("[::1]", 200)]
    [InlineData("edge.example", 200)]
    public async Task On_the_loopback_address_other_hosts_are_refused(string host, int status)
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { PublicUrl = new Uri("https://edge.example/vlm") });
        var response = await rig.SendAsync(HttpMethod.Get, "/api/v1/cameras", change: request => request.Headers.Host = host);
        Assert.Equal(status, (int)response.Status);
    }

    [Fact]
    public async Task A_page_of_another_host_may_not_ask_unless_it_is_listed()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { AllowedOrigins = ["https://chat.example"] });

        var foreign = await SendFromAsync("https://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.Status);
        Assert.DoesNotContain("Access-Control-Allow-Origin", foreign.Headers.Keys);
        var listed = await SendFromAsync("https://chat.example");
        Assert.Equal((HttpStatusCode.OK, "https://chat.example"), (listed.Status, listed.Headers["Access-Control-Allow-Origin"]));
        var own = await SendFromAsync(rig.Server.Address.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.OK, own.Status);

        Task<Response> SendFromAsync(string origin) => rig.SendAsync(
            HttpMethod.Post, "/v1/chat/completions", Chat, change: request => request.Headers.Add("Origin", origin));
    }

    [Fact]
    public async Task A_listed_page_passes_its_preflight_without_a_token_and_can_read_a_refusal()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { AllowedOrigins = ["https://chat.example"] }, hasTokens: true);

        var preflight = await rig.SendAsync(HttpMethod.Options, "/v1/models", change: request => request.Headers.Add("Origin", "https://chat.example"));
        Assert.Equal(HttpStatusCode.NoContent, preflight.Status);
        Assert.Contains("Authorization", preflight.Headers["Access-Control-Allow-Headers"], StringComparison.Ordinal);
        var refused = await rig.SendAsync(HttpMethod.Get, "/v1/models", change: request => request.Headers.Add("Origin", "https://chat.example"));
        Assert.Equal((HttpStatusCode.Unauthorized, "https://chat.example"), (refused.Status, refused.Headers["Access-Control-Allow-Origin"]));
    }

    [Fact]
    public async Task What_a_response_depends_on_is_listed_in_full()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { AllowedOrigins = ["https://chat.example"] });

        var listed = await rig.SendAsync(HttpMethod.Get, "/page/main.js", change: request => request.Headers.Add("Origin", "https://chat.example"));
        var without = await rig.GetAsync("/api/v1/cameras");

        Assert.Equal(["Accept-Encoding", "Origin"], listed.Headers["Vary"].Split(", ").Order());
        Assert.Equal("Origin", without.Headers["Vary"]);
    }

    [Fact]
    public async Task A_missing_token_file_is_created_for_its_owner_alone()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "state", "http-tokens");
        await using var rig = await HttpRig.StartAsync(settings => settings with { TokenFile = file, CreatesTokenFile = true });

        var token = (await File.ReadAllTextAsync(file)).Trim().Split(' ')[1];
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/v1/models", token)).Status);
    }

    [Theory]
    [InlineData("", "0 tokens")]
    [InlineData("owner short", "fewer than 16")]
    [InlineData("owner", "line 1")]
    [InlineData("owner fulltoken0123456789 write", "other than 'read'")]
    [InlineData("# only\n\nowner fulltoken0123456789 read more", "line 3")]
    public void A_wrong_token_file_is_refused_without_showing_a_token(string text, string expected)
    {
        var error = AccessTokens.FindError(text);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("fulltoken", error, StringComparison.Ordinal);
    }
}
