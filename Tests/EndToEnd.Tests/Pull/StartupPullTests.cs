using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.EndToEnd.Tests.Pull;

/// <summary>A service whose model is not there yet, with a local server that behaves like the Hugging Face Hub.</summary>
public sealed class StartupPullTests : IDisposable
{
    private const string Weights = "pytorch_model.bin";

    private readonly string _id = $"mtgv/Startup-{Guid.NewGuid():N}";
    private readonly FakeHub _hub = new();
    private readonly TemporaryFolder _folder = new();
    private string _configuration = "";

    public StartupPullTests() => _hub.AddFolder(_id, Path.Combine(DemoModel.Repository, "Tests", "Golden", "mobilellama"));

    public void Dispose()
    {
        _hub.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
    }

    [Fact]
    public async Task While_the_model_is_pulled_readyz_says_how_far_that_is_and_a_killed_service_resumes()
    {
        Write();

        // Their head is read before with a range.
        _hub.Script = request => request.Store && request.IsFor(Weights) && !request.Headers.ContainsKey("range") ? new FakeHubFault { StallAfter = 300_000 } : null;
        await using (var first = Start())
        {
            using var client = new HttpClient { BaseAddress = await first.HttpAddressAsync() };
            JsonElement progress = default;
            await Eventually.TrueAsync(
                async () =>
                {
                    var (status, document) = await ReadyAsync(client);
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
                    progress = document.GetProperty("progress");
                    Assert.StartsWith($"the model {_id} is being ", document.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
                    return progress.GetProperty("step").GetString() == "download" && progress.GetProperty("percent").GetDouble() > 5;
                },
                "the download has begun");
            Assert.InRange(progress.GetProperty("bytes").GetInt64(), 1, progress.GetProperty("totalBytes").GetInt64() - 1);
            using var healthy = await client.GetAsync(new Uri("healthz", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
            first.Kill();
            await first.ExitAsync();
        }

        _hub.Script = _ => null;
        await using var second = Start();
        await second.LogsAsync("Imported the model");
        await Eventually.TrueAsync(async () => await IsReadyAsync(second), "the service is ready", state: () => second.Errors);
        Assert.True(_hub.Requests.Last(request => request.Store && request.IsFor(Weights)).From > 0, "the download was resumed");
        Assert.True(File.Exists(Path.Combine(_folder["model"], ModelManifest.FileName)));
        Assert.Contains("StartupPull[3]", second.Errors, StringComparison.Ordinal);
        second.Terminate();
        Assert.Equal(0, await second.ExitAsync());
    }

    [Fact]
    public async Task A_pull_that_fails_is_tried_again_with_the_reason_and_growing_waits()
    {
        Write();
        var fails = 3;
        _hub.Script = request => request.IsFor(Weights) && Interlocked.Decrement(ref fails) >= 0
            ? fails == 2 ? new FakeHubFault { Status = 500 } : new FakeHubFault { CutAfter = 1000 }
            : null;
        var configuration = EdgeConfiguration.Load(_configuration);
        Assert.True(StartupPull.IsNeeded(configuration));
        var status = new PullStatus(_id, TimeProvider.System);
        var log = new ListLogger<StartupPull>();
        var running = new StartupPull(configuration, status, null, TimeProvider.System, log)
        {
            FirstWait = TimeSpan.FromMilliseconds(500),
            Hub = new HubSettings { Address = _hub.Address, Attempts = 1 },
        }.RunAsync(CancellationToken.None);
        var text = "";
        await Eventually.TrueAsync(
            () => (text = status.Text).StartsWith($"the model {_id} could not be pulled: ", StringComparison.Ordinal), "an attempt failed", state: () => status.Text);
        Assert.DoesNotContain("same command", text, StringComparison.Ordinal);
        Assert.Matches(@"\(attempt [23]\)$", text);

        await running.WaitAsync(Eventually.Patience);
        Assert.False(StartupPull.IsNeeded(configuration));
        Assert.Equal(2, log.Messages.Count(line => line.Contains("to pull the model failed", StringComparison.Ordinal)));
    }

    [Fact]
    public void Time_left_is_what_the_speed_of_this_attempt_says()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var status = new PullStatus("a/b", time);
        Assert.Equal("the model a/b is being looked up", status.Text);
        var file = status.BeginDownload(3_300_000_000)("weights", 3_300_000_000);
        file(300_000_000);
        Assert.Null(status.Progress.Left);
        time.Advance(TimeSpan.FromSeconds(100));
        file(600_000_000);
        Assert.Equal(TimeSpan.FromSeconds(900), status.Progress.Left);
        Assert.Equal("the model a/b is being downloaded: 600.0 MB of 3.30 GB (18 %), about 15 minutes left", status.Text);
        status.Importing(0, 1000);
        Assert.Equal("the model a/b is downloaded and is being imported: 0.0 MB of 0.0 MB (0 %)", status.Text);
        status.Wait("Not enough disk.", TimeSpan.FromSeconds(40));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("the model a/b could not be pulled: Not enough disk. The next attempt is in 30 s (attempt 2)", status.Text);
    }

    [SmallDiskFact]
    public async Task A_full_disk_is_the_reason_with_what_is_needed_and_no_end_of_the_service()
    {
        Write();
        using var disk = SmallDisk.Mount(_folder.Path, "size=1m");
        await using var service = Start(disk.Path);
        using var client = new HttpClient { BaseAddress = await service.HttpAddressAsync() };
        var message = "";
        await Eventually.TrueAsync(
            async () => (message = (await ReadyAsync(client)).Document.GetProperty("error").GetProperty("message").GetString()!)
                .Contains("Not enough disk", StringComparison.Ordinal),
            "the disk is full");
        Assert.Matches("needs? [0-9.]+ MB on .*, which has [0-9.]+ MB free", message);
        Assert.False(service.HasExited);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    // With port 0, the server that waited for the model had another one.
    private static async Task<bool> IsReadyAsync(EdgeProcess service)
    {
        if (Regex.Matches(service.Errors, "HTTP is at (http://[0-9.:]+)") is not { Count: 2 } servers)
        {
            return false;
        }

        using var client = new HttpClient();
        using var ready = await client.GetAsync(new Uri($"{servers[1].Groups[1].Value}/readyz"));
        return ready.IsSuccessStatusCode;
    }

    private EdgeProcess Start(string? cache = null) => EdgeProcess.Start(
        new Dictionary<string, string>
        {
            ["XDG_CACHE_HOME"] = cache ?? _folder["cache"],
            ["MOBILEVLM_HUB"] = _hub.Address.ToString(),
        },
        "run", "--config", _configuration);

    private void Write()
    {
        _configuration = _folder["appsettings.json"];
        File.WriteAllText(_configuration, JsonSerializer.Serialize(new
        {
            MobileVlm = new
            {
                Model = new { Path = _folder["model"], Pull = _id },
                Http = new { Listen = "127.0.0.1:0" },
            },
        }));
    }

    private static async Task<(HttpStatusCode Status, JsonElement Document)> ReadyAsync(HttpClient client)
    {
        using var response = await client.GetAsync(new Uri("readyz", UriKind.Relative));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
