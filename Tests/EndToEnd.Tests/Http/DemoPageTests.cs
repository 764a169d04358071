using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>The demo serves its page and its API to a browser on the same machine.</summary>
public sealed partial class DemoPageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_demo_prints_an_address_where_its_page_its_camera_and_its_questions_are()
    {
        await using var demo = EdgeProcess.Start(new Dictionary<string, string> { ["XDG_CACHE_HOME"] = _folder.Path }, "demo", "--speed", "4");
        await demo.LogsAsync("Ctrl+C stops the demo.");
        var address = Address().Match(demo.Errors);
        Assert.True(address.Success, demo.Errors);
        using var client = new HttpClient { BaseAddress = new Uri(address.Groups["address"].Value) };

        using var page = await client.GetAsync(new Uri("", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        await Eventually.TrueAsync(
            async () => JsonDocument.Parse(await client.GetStringAsync(new Uri("api/v1/cameras", UriKind.Relative))).RootElement[0]
                .GetProperty("questions").EnumerateArray().Any(question => question.GetProperty("state").GetString() is "yes" or "no"),
            "the camera has a state");
        using var set = await client.PutAsync(
            new Uri("api/v1/cameras/gate/questions/shirt", UriKind.Relative), new StringContent("""{"Ask":"What colour is the shirt?","Answer":"Text"}"""));
        Assert.Equal(HttpStatusCode.Created, set.StatusCode);

        demo.Terminate();
        Assert.Equal(0, await demo.ExitAsync());
    }

    [GeneratedRegex("In a browser: (?<address>http://127\\.0\\.0\\.1:[0-9]+/)")]
    private static partial Regex Address();
}
