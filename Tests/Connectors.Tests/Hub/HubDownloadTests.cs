using System.Diagnostics;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Hub;

/// <summary>Downloads over a network that fails in every way, from a hub that may lie.</summary>
public sealed class HubDownloadTests
{
    [Fact]
    public async Task A_file_comes_over_a_redirect_and_the_token_stays_with_the_hub()
    {
        await using var rig = new HubRig(HubRig.Hurried with { Token = "hf_secret" });
        var seen = new List<long>();
        await rig.DownloadAsync(seen.Add);

        rig.AssertWhole();
        Assert.Equal(rig.Content.Length, seen[^1]);
        Assert.All(rig.Server.Requests, request => Assert.Equal(request.Store ? null : "Bearer hf_secret", request.Token));
        Assert.Contains(rig.Server.Requests, request => request.Store);
    }

    [Fact]
    public async Task A_connection_cut_several_times_resumes_where_it_was_cut()
    {
        await using var rig = new HubRig();
        rig.Faults([.. Enumerable.Repeat(new FakeHubFault { CutAfter = 40_000 }, 7)]);
        await rig.DownloadAsync();

        rig.AssertWhole();
        Assert.Equal(rig.Content.Length, rig.Server.Served(HubRig.Weights));
        Assert.Equal([0, 40_000, 80_000, 120_000, 160_000, 200_000, 240_000, 280_000], rig.Server.Requests.Where(r => r.Store).Select(r => r.From));
    }

    [Fact]
    public async Task A_stopped_download_is_resumed_by_the_next_run()
    {
        await using var rig = new HubRig();
        using var stop = new CancellationTokenSource();
        rig.Faults(new FakeHubFault { StallAfter = 100_000 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.DownloadAsync(
            n =>
            {
                if (n == 100_000)
                {
                    stop.Cancel();
                }
            },
            stop.Token));
        Assert.False(File.Exists(rig.Target));
        Assert.Equal(100_000, new FileInfo(rig.Part).Length);

        await rig.DownloadAsync();
        rig.AssertWhole();
        Assert.Equal(rig.Content.Length, rig.Server.Served(HubRig.Weights));
    }

    [Fact]
    public async Task A_whole_file_is_not_fetched_again_and_a_damaged_one_is()
    {
        await using var rig = new HubRig();
        await rig.DownloadAsync();
        await rig.DownloadAsync();
        Assert.Equal(rig.Content.Length, rig.Server.Served(HubRig.Weights));

        var damaged = rig.Content.ToArray();
        damaged[1000] ^= 1;
        File.WriteAllBytes(rig.Target, damaged);
        await rig.DownloadAsync();
        rig.AssertWhole();
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_gives_the_whole_again()
    {
        await using var rig = new HubRig();
        rig.Faults(new FakeHubFault { CutAfter = 50_000 }, new FakeHubFault { IgnoreRange = true });
        await rig.DownloadAsync();
        rig.AssertWhole();
        Assert.Equal(rig.Content.Length + 50_000, rig.Server.Served(HubRig.Weights));
    }

    [Fact]
    public async Task A_file_whose_tag_changed_starts_from_the_beginning()
    {
        await using var rig = new HubRig();
        rig.Faults(
            new FakeHubFault { CutAfter = 50_000, ETag = "\"old\"" },
            new FakeHubFault { ETag = "\"new\"" });
        await rig.DownloadAsync();
        rig.AssertWhole();
        var second = rig.Server.Requests.Where(r => r.Store).ElementAt(1);
        Assert.Equal(("\"old\"", 50_000, rig.Content.Length), (second.Headers["if-range"], second.From, second.Served));
    }

    [Fact]
    public async Task A_part_that_is_damaged_or_too_long_costs_one_more_download_and_not_the_file()
    {
        await using var rig = new HubRig();
        File.WriteAllBytes(rig.Part, new byte[200_000]);
        await rig.DownloadAsync();
        rig.AssertWhole();

        File.Delete(rig.Target);
        File.WriteAllBytes(rig.Part, new byte[400_000]);
        File.WriteAllText($"{rig.Part}.etag", "no\rtag");
        await rig.DownloadAsync();
        rig.AssertWhole();
    }

    [Fact]
    public async Task Refusals_that_pass_are_waited_out()
    {
        await using var rig = new HubRig();
        rig.Faults(
            new FakeHubFault { Status = 500 }, new FakeHubFault { Status = 503 }, new FakeHubFault { CutAfter = 10 },
            new FakeHubFault { Status = 429, Headers = "Retry-After: 1\r\n" });
        var started = Stopwatch.GetTimestamp();
        await rig.DownloadAsync();
        rig.AssertWhole();
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromSeconds(1));
        Assert.Equal(5, rig.Server.Requests.Count(r => r.Store));
    }

    [Fact]
    public async Task Refusals_that_do_not_pass_end_and_keep_the_part()
    {
        await using var rig = new HubRig();
        rig.Faults([new FakeHubFault { CutAfter = 1000 }, .. Enumerable.Repeat(new FakeHubFault { Status = 502 }, 20)]);
        Assert.Contains("502", (await rig.RefusedAsync()).Message, StringComparison.Ordinal);
        Assert.Equal(HubRig.Hurried.Attempts, rig.Server.Requests.Count(r => r.Store));
        Assert.Equal(1000, new FileInfo(rig.Part).Length);

        rig.Faults(new FakeHubFault { Status = 429, Headers = "Retry-After: 86400\r\n" });
        Assert.Contains("1.00:00:00", (await rig.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "gated")]
    [InlineData(403, "accept its terms")]
    [InlineData(404, "spelling")]
    public async Task Refusals_that_are_final_are_not_repeated_and_name_the_remedy(int status, string remedy)
    {
        await using var rig = new HubRig();
        rig.Server.Script = request => request.IsFor(HubRig.Weights) ? new FakeHubFault { Status = status } : null;
        Assert.Contains(remedy, (await rig.RefusedAsync()).Message, StringComparison.Ordinal);
        Assert.Single(rig.Server.Requests, request => request.IsFor(HubRig.Weights));
    }

    [Fact]
    public async Task A_connection_that_goes_quiet_is_given_up_and_a_slow_one_is_not()
    {
        await using var rig = new HubRig(HubRig.Hurried with { Stall = TimeSpan.FromMilliseconds(500) });
        rig.Faults(
            new FakeHubFault { StallAfter = 100_000 },
            new FakeHubFault { Trickle = (20_000, TimeSpan.FromMilliseconds(100)) });
        await rig.DownloadAsync();
        rig.AssertWhole();
        Assert.Equal([0, 100_000], rig.Server.Requests.Where(r => r.Store).Select(r => r.From));
    }

    [Fact]
    public async Task What_is_not_what_was_published_is_refused_and_not_kept()
    {
        await using var rig = new HubRig();
        var altered = rig.Content.ToArray();
        altered[7] ^= 1;
        rig.Faults(new FakeHubFault { Body = altered });
        var refused = await rig.RefusedAsync();
        Assert.Contains("SHA-256", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(rig.Folder));

        rig.Faults(new FakeHubFault { Body = [.. rig.Content, 1, 2, 3] });
        Assert.Contains("300003 bytes", (await rig.RefusedAsync()).Message, StringComparison.Ordinal);

        rig.List(weights => weights["lfs"]!["sha256"] = new string('0', 64));
        Assert.Contains("SHA-256", (await rig.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_small_file_is_checked_by_its_git_blob_id()
    {
        await using var rig = new HubRig();
        var listing = await rig.ListAsync();
        var path = Path.Combine(rig.Folder, "config.json");
        await rig.Client.DownloadAsync(listing, listing.Find("config.json")!, path, null, CancellationToken.None);
        Assert.Equal("{}", File.ReadAllText(path));

        File.Delete(path);
        rig.Server.Script = request => request.IsFor("config.json") ? new FakeHubFault { Body = "[]"u8.ToArray() } : null;
        var refused = await Assert.ThrowsAsync<HubException>(() =>
            rig.Client.DownloadAsync(listing, listing.Find("config.json")!, path, null, CancellationToken.None));
        Assert.Contains("git blob id", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(rig.Folder));
    }

    [Theory]
    [InlineData("Location: /circle\r\n", "more than 10 times")]
    [InlineData("Location: file:///etc/passwd\r\n", "not safe")]
    [InlineData("", "302")]
    public async Task A_redirect_that_leads_nowhere_good_is_not_followed(string header, string message)
    {
        await using var rig = new HubRig();
        rig.Server.Script = request => request.IsFor(HubRig.Weights) || request.Path == "/circle"
            ? new FakeHubFault { Status = 302, Headers = header }
            : null;
        Assert.Contains(message, (await rig.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_processes_do_not_write_one_part()
    {
        await using var rig = new HubRig();
        using var other = new FileStream(rig.Part, FileMode.Create, FileAccess.Write, FileShare.None);
        await Assert.ThrowsAsync<IOException>(() => rig.DownloadAsync());
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_named()
    {
        using var client = new HubClient(HubRig.Hurried with { Address = new Uri($"http://127.0.0.1:{Mosquitto.FreePort()}"), Attempts = 2 });
        var refused = await Assert.ThrowsAsync<HubException>(() => client.ListAsync(HubRig.Id, "main", CancellationToken.None));
        Assert.Contains("127.0.0.1", refused.Message, StringComparison.Ordinal);
    }
}
