using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Mqtt;

/// <summary>The documented bridge from a site's broker to the centre's, with two real brokers.</summary>
public sealed partial class FleetBridgeTests
{
    [Fact]
    public async Task Events_of_a_time_offline_arrive_at_the_centre_once_each_and_none_is_lost()
    {
        await using var centre = await Mosquitto.StartAsync(new MosquittoOptions { Persistent = true });
        await using var site = await Mosquitto.StartAsync(new MosquittoOptions { Persistent = true, Extra = Bridge(centre.Port) });

        // A subscriber of the centre that keeps its session, as a database would.
        string[] session = ["-i", "archive", "-c", "-q", "1", "-t", "mobilevlm/+/+/+/event"];
        MosquittoTool.Run("mosquitto_sub", centre.Address, [.. session, "-E"]);
        await PublishAsync(site, "before", 5);
        await Eventually.TrueAsync(() => centre.Log.Contains("site-1", StringComparison.Ordinal), "the bridge is connected");

        await centre.ShutDownAsync();
        await PublishAsync(site, "offline", 40);
        await site.ShutDownAsync();
        await site.RestartAsync();
        await PublishAsync(site, "restarted", 5);
        await centre.RestartAsync();
        await PublishAsync(site, "after", 5);

        var received = MosquittoTool.Run("mosquitto_sub", centre.Address, [.. session, "-C", "55", "-W", "60"])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] expected = [.. Ids("before", 5), .. Ids("offline", 40), .. Ids("restarted", 5), .. Ids("after", 5)];
        Assert.Empty(expected.Except(received));

        // At least once: a known id is dropped, as the page says.
        Assert.Equal(expected.Order(), received.Distinct().Order());
    }

    private static IEnumerable<string> Ids(string part, int count) =>
        Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"{part}-{number}"));

    private static Task PublishAsync(Mosquitto broker, string part, int count)
    {
        foreach (var id in Ids(part, count))
        {
            MosquittoTool.Run("mosquitto_pub", broker.Address, ["-q", "1", "-t", "mobilevlm/site-1/gate/person/event", "-m", id]);
        }

        return Task.CompletedTask;
    }

    /// <summary>The bridge of the page, to this centre.</summary>
    private static string Bridge(int centre)
    {
        var page = File.ReadAllText(Path.Combine(DemoModel.Repository, "Deploy", "docs", "fleets.md"));
        var bridge = Section().Match(page);
        Assert.True(bridge.Success);
        return bridge.Value.Replace("centre.example:8883", $"127.0.0.1:{centre}", StringComparison.Ordinal)
            + "\nmax_queued_messages 100000\nrestart_timeout 1 2\n";
    }

    [GeneratedRegex("connection site-1\n(?:[^`\n]+\n)+")]
    private static partial Regex Section();
}
