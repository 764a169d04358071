using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Actors.Questions;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>The live page in a real browser, before a running service with the demo's model, clip and questions.</summary>
public sealed class PageTests(ITestOutputHelper output) : IDisposable
{
    private const string Token = "a-token-for-the-tests-0001";
    private const string ReadToken = "a-token-for-the-tests-0002";

    private static readonly string Picture = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [BrowserFact]
    public async Task The_page_shows_asks_edits_and_switches()
    {
        await using var service = EdgeProcess.Start("run", "--config", WriteConfiguration("127.0.0.1:0", hasModes: true));
        var address = await service.ReadyAsync();
        await using var browser = BrowserScenarios.Start(
            new JsonObject { ["address"] = address.ToString(), ["folder"] = Screenshots(), ["picture"] = Picture },
            "live", "camera", "ask", "switchQuestion", "edit", "mode", "device", "history", "labels", "threshold", "tryout", "why", "pastViews", "prefix", "hidden", "views");

        Assert.True(await browser.ExitAsync() == 0, $"{browser.Output}\n{service.Errors}");
        output.WriteLine(browser.Output);
    }

    [BrowserFact]
    public async Task A_log_in_opens_the_page_and_outlives_a_restart_of_the_service()
    {
        var tokens = Path.Combine(_folder.Path, "tokens");
        await File.WriteAllTextAsync(tokens, $"owner {Token}\nviewer {ReadToken} read\n");
        var service = EdgeProcess.Start("run", "--config", WriteConfiguration("127.0.0.1:0", tokens));
        try
        {
            // The cookie's name has the configured port, so that the page needs the same one before and after the restart.
            var address = await service.ReadyAsync();
            service = await RestartAsync(service, WriteConfiguration(address.Authority, tokens));
            await service.ReadyAsync();
            await using var browser = BrowserScenarios.Start(
                new JsonObject { ["address"] = address.ToString(), ["token"] = Token, ["readToken"] = ReadToken, ["folder"] = Screenshots() }, "login");

            await browser.PrintsAsync("STOP");
            service.Terminate();
            Assert.Equal(0, await service.ExitAsync());
            browser.Send("stopped");
            await browser.PrintsAsync("START");
            service = await RestartAsync(service, Path.Combine(_folder.Path, "appsettings.json"));

            Assert.True(await browser.ExitAsync() == 0, $"{browser.Output}\n{service.Errors}");
            output.WriteLine(browser.Output);
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public void Each_reason_for_a_missing_answer_has_a_sentence_on_the_page()
    {
        var script = File.ReadAllText(Path.Combine(DemoModel.Repository, "Connectors", "Http", "Page", "Files", "question.js"));
        Assert.All(Enum.GetValues<UnknownReason>(), reason => Assert.Contains($"  {reason.ToText()}: \"", script, StringComparison.Ordinal));
    }

    private static async Task<EdgeProcess> RestartAsync(EdgeProcess service, string configuration)
    {
        if (!service.HasExited)
        {
            service.Terminate();
            Assert.Equal(0, await service.ExitAsync());
        }

        await service.DisposeAsync();
        return EdgeProcess.Start("run", "--config", configuration);
    }

    /// <summary>The folder for pictures of the page: that of MOBILEVLM_SCREENSHOTS, otherwise one that is deleted after the test.</summary>
    private string Screenshots()
    {
        var folder = Environment.GetEnvironmentVariable("MOBILEVLM_SCREENSHOTS") is { Length: > 0 } named ? named : _folder.Path;
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>Writes the demo's own configuration, with an HTTP server and a free port for the broker.</summary>
    private string WriteConfiguration(string listen, string? tokens = null, bool hasModes = false)
    {
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        var document = JsonNode.Parse(File.ReadAllText(Path.Combine(DemoModel.Assets, "appsettings.json")), documentOptions: options)!;
        var settings = document["MobileVlm"]!;
        settings["StateFolder"] = Path.Combine(_folder.Path, "state");
        settings["Model"]!["Path"] = DemoModel.Folder.FolderPath;
        settings["Mqtt"]!["Port"] = 0;
        settings["Cameras"]!["gate"]!["Source"] = DemoModel.Clip;

        // States change sooner than in the clip's own time.
        settings["Cameras"]!["gate"]!["Speed"] = 3;
        settings["Http"] = new JsonObject { ["Listen"] = listen };
        settings["History"] = new JsonObject { ["Folder"] = Path.Combine(_folder.Path, "history"), ["MinFreeMegabytes"] = 0 };
        if (hasModes)
        {
            settings["Modes"] = new JsonObject { ["home"] = new JsonObject(), ["away"] = new JsonObject { ["Skip"] = new JsonArray("gate/dog") } };
            settings["InitialMode"] = "home";
        }

        if (tokens is not null)
        {
            settings["Http"]!["TokenFile"] = tokens;
        }

        var file = Path.Combine(_folder.Path, "appsettings.json");
        File.WriteAllText(file, document.ToJsonString());
        return file;
    }
}
