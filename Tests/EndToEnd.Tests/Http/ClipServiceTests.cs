using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Clips of a running service with the demo's model, whose camera is a real RTSP server.</summary>
public sealed class ClipServiceTests(ITestOutputHelper output) : IDisposable
{
    // A loopback address needs no tokens.
    private const string PublicUrl = "http://127.0.0.1:9/";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [BrowserFact]
    public async Task The_clip_of_an_event_plays_with_ranges_and_in_a_browser_until_its_event_is_deleted()
    {
        // States change sooner than in the clip's own time.
        var fast = Path.Combine(_folder.Path, "fast.mp4");
        await RunAsync("ffmpeg", "-v", "error", "-itsscale", "0.25", "-i", DemoModel.Clip, "-c", "copy", fast);
        using var camera = await RtspTestServer.StartAsync(clip: fast);
        await using var service = EdgeProcess.Start("run", "--config", Write(camera.Url));
        using var client = new HttpClient { BaseAddress = await service.ReadyAsync() };
        var happened = await EventAsync(client, service);
        var published = happened.GetProperty("clipUrl").GetString()!;
        Assert.StartsWith($"{PublicUrl}api/v1/events/{happened.GetProperty("historyId").GetString()}/clip.mp4?expires=", published, StringComparison.Ordinal);

        // The clip comes after the event; until then the address asks for patience.
        var address = new Uri(published[PublicUrl.Length..], UriKind.Relative);
        await Eventually.TrueAsync(
            async () =>
            {
                using var answer = await client.GetAsync(address);
                Assert.True(answer.IsSuccessStatusCode || answer is { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter: not null }, $"{answer}\n{service.Errors}");
                return answer.IsSuccessStatusCode;
            },
            "the clip can be fetched");
        var file = Path.Combine(_folder.Path, "clip.mp4");
        await File.WriteAllBytesAsync(file, await client.GetByteArrayAsync(address));
        var shown = await RunAsync("ffprobe", "-v", "error", "-show_entries", "packet=flags:format=duration", "-of", "default=nw=1", file);
        Assert.StartsWith("flags=K", shown, StringComparison.Ordinal);
        var duration = double.Parse(shown[(shown.IndexOf("duration=", StringComparison.Ordinal) + "duration=".Length)..].Trim(), CultureInfo.InvariantCulture);

        // ClipBefore and ClipAfter, and a key frame interval of half a second.
        Assert.InRange(duration, 0.5, 3.5);
        using (var part = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Range = new RangeHeaderValue(4, 7) } })
        using (var answer = await client.SendAsync(part))
        {
            Assert.Equal((HttpStatusCode.PartialContent, "ftyp"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }

        await using var browser = BrowserScenarios.Start(
            new JsonObject { ["address"] = client.BaseAddress.ToString(), ["event"] = happened.GetProperty("historyId").GetString(), ["folder"] = Screenshots() }, "clip");
        Assert.True(await browser.ExitAsync() == 0, $"{browser.Output}\n{service.Errors}");
        output.WriteLine(browser.Output);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(address)).StatusCode);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (exit, printed) = await Programs.RunAsync(program, arguments, TimeSpan.FromSeconds(60));
        Assert.True(exit == 0, printed);
        return printed;
    }

    /// <summary>The first event with a clip, as viewers get it.</summary>
    private static async Task<JsonElement> EventAsync(HttpClient client, EdgeProcess service)
    {
        using var patience = new CancellationTokenSource(Eventually.Patience);
        using var response = await client.GetAsync(new Uri("api/v1/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, patience.Token);
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync(patience.Token));
        while (await stream.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal)
                && JsonDocument.Parse(line[6..]).RootElement is var document && document.TryGetProperty("clipUrl", out _))
            {
                return document;
            }
        }

        throw new InvalidOperationException($"The stream of events ended.\n{service.Errors}");
    }

    /// <summary>The folder for pictures of the page: that of MOBILEVLM_SCREENSHOTS, otherwise one that is deleted after the test.</summary>
    private string Screenshots()
    {
        var folder = Environment.GetEnvironmentVariable("MOBILEVLM_SCREENSHOTS") is { Length: > 0 } named ? named : _folder.Path;
        Directory.CreateDirectory(folder);
        return folder;
    }

    private string Write(string source)
    {
        var file = Path.Combine(_folder.Path, "appsettings.json");
        File.WriteAllText(file, $$"""
            { "MobileVlm": {
              "Node": "t",
              "StateFolder": "state",
              "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
              "Http": { "Listen": "127.0.0.1:0", "PublicUrl": "{{PublicUrl}}" },
              "History": { "Folder": "history", "MinFreeMegabytes": 0, "Clips": true, "ClipBefore": "00:00:01", "ClipAfter": "00:00:01" },
              "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(source)}}, "Questions": {
                "person": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.1" } } } } } }
            """);
        return file;
    }
}
