using System.Net;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Http.Page;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed partial class PageFilesTests
{
    /// <summary>What the whole page may take on its way to the browser.</summary>
    private const int MaxCompressedBytes = 100_000;

    [Fact]
    public async Task The_page_is_html_with_a_policy_that_allows_its_own_files_only()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);

        var page = await rig.GetAsync("/");

        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.Status, page.Type));
        var policy = page.Headers["Content-Security-Policy"];
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Equal(("nosniff", "no-referrer", "no-cache"), (page.Headers["X-Content-Type-Options"], page.Headers["Referrer-Policy"], page.Headers["Cache-Control"]));
    }

    [Fact]
    public async Task Head_is_answered_like_get()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var head = await rig.SendAsync(HttpMethod.Head, "/");
        Assert.Equal((HttpStatusCode.OK, "text/html", ""), (head.Status, head.Type, head.Body));
    }

    [Theory]
    [InlineData("page.css", "text/css")]
    [InlineData("main.js", "text/javascript")]
    [InlineData("icon.svg", "image/svg+xml")]
    public async Task Its_files_have_their_types_and_need_no_token(string file, string type)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        var response = await rig.GetAsync($"/page/{file}");
        Assert.Equal((HttpStatusCode.OK, type), (response.Status, response.Type));
        Assert.Contains("Content-Security-Policy", response.Headers.Keys);
    }

    [Theory]
    [InlineData("/page/PageFiles.cs")]
    [InlineData("/page/nothing.js")]
    [InlineData("/page/..%2Findex.html")]
    public async Task Other_files_do_not_exist(string path)
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await rig.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_browser_that_has_a_file_does_not_get_it_again()
    {
        await using var rig = await HttpRig.StartAsync();
        var first = await rig.GetAsync("/page/main.js");

        var second = await rig.SendAsync(HttpMethod.Get, "/page/main.js", change: request => request.Headers.TryAddWithoutValidation("If-None-Match", first.Headers["ETag"]));
        var other = await rig.SendAsync(HttpMethod.Get, "/page/main.js", change: request => request.Headers.TryAddWithoutValidation("If-None-Match", "\"another\""));

        Assert.Equal((HttpStatusCode.NotModified, ""), (second.Status, second.Body));
        Assert.Equal((HttpStatusCode.OK, first.Body), (other.Status, other.Body));
    }

    [Fact]
    public async Task Files_are_sent_compressed_to_who_can_read_that()
    {
        await using var rig = await HttpRig.StartAsync();
        var plain = await rig.GetAsync("/page/page.css");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/page/page.css");
        request.Headers.Add("Accept-Encoding", "gzip, br");
        using var response = await rig.Client.SendAsync(request);

        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        Assert.NotEqual(plain.Headers["ETag"], response.Headers.ETag!.Tag);
        await using var unpacked = new System.IO.Compression.GZipStream(await response.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        Assert.Equal(plain.Body, await new StreamReader(unpacked).ReadToEndAsync());
    }

    [Fact]
    public void The_whole_page_is_small()
    {
        var bytes = PageFiles.Read().All.Sum(file => file.Compressed.Length);
        Assert.InRange(bytes, 1, MaxCompressedBytes);
    }

    [Fact]
    public void Everything_that_the_page_loads_is_one_of_its_files_and_each_file_is_loaded()
    {
        var files = PageFiles.Read().All.ToDictionary(file => file.Name, file => System.Text.Encoding.UTF8.GetString(file.Plain.Span));
        var loaded = Loaded().Matches(files[PageFiles.Index]).Concat(files.Where(file => file.Key.EndsWith(".js", StringComparison.Ordinal)).SelectMany(file => Imported().Matches(file.Value)))
            .Select(match => match.Groups["file"].Value).Distinct();
        Assert.Equal(files.Keys.Where(name => name != PageFiles.Index).Order(StringComparer.Ordinal), loaded.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_file_names_another_host_or_an_address_from_the_root()
    {
        // The namespace of SVG is a name, not an address that is loaded.
        Assert.All(PageFiles.Read().All, file =>
        {
            var text = System.Text.Encoding.UTF8.GetString(file.Plain.Span).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
            Assert.DoesNotMatch(@"https?://|[""'`(]//|(href|src)=""/|fetch\([""'`]/", text);
        });
    }

    [Theory]
    [InlineData("X-Forwarded-Prefix")]
    [InlineData("X-Ingress-Path")]
    public async Task A_trusted_proxy_may_pass_its_prefix_on(string header)
    {
        Assert.True(HttpAddresses.TryParseNetwork("127.0.0.1", out var parsed));
        await using var rig = await HttpRig.StartAsync(settings => settings with { TrustedProxies = [parsed] });
        foreach (var path in (string[])["/vlm/", "/vlm/page/main.js", "/vlm/api/v1/session"])
        {
            var response = await rig.SendAsync(HttpMethod.Get, path, change: request => request.Headers.Add(header, "/vlm"));
            Assert.Equal(HttpStatusCode.OK, response.Status);
        }
    }

    [GeneratedRegex("""(?:href|src)="page/(?<file>[^"]+)""")]
    private static partial Regex Loaded();

    [GeneratedRegex("""from "\./(?<file>[^"]+)";""")]
    private static partial Regex Imported();
}
