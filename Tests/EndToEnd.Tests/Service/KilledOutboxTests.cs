using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>Events that occur while the broker is away and before the service is killed.</summary>
public sealed class KilledOutboxTests : IDisposable
{
    // Events come at the pace of the demo clip.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    private static readonly Dictionary<string, string> Gate = new() { ["gate"] = DemoModel.Clip };

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-outbox-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Events_of_a_service_that_was_killed_while_the_broker_was_away_arrive_late_once_and_in_order()
    {
        await using var broker = await Mosquitto.StartAsync();
        await broker.StopAsync();
        var metrics = Mosquitto.FreePort();
        var config = ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate);
        File.WriteAllText(config, File.ReadAllText(config).Replace(
            "\"Node\":",
            $"\"Metrics\": {{ \"Port\": {metrics} }}, \"Node\":",
            StringComparison.Ordinal));
        await using (var service = EdgeProcess.Start("run", "--config", config))
        {
            await service.LogsAsync("Metrics are at");
            await WaitingAsync(metrics, atLeast: 2);
            service.Kill();
            Assert.Equal(137, await service.ExitAsync());
        }

        await broker.RestartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var restarted = DateTimeOffset.UtcNow;
        await using var again = EdgeProcess.Start("run", "--config", config);
        await subscriber.WaitForAsync("mobilevlm/edge-1/gate/person/event", within: TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => PublishedEvent.Of(subscriber).Count(e => e.Historical) >= 2, "two late events", Long);
        again.Terminate();
        Assert.Equal(0, await again.ExitAsync());

        var events = PublishedEvent.Of(subscriber);
        Assert.Equal(events.Count, events.DistinctBy(e => e.Id).Count());
        Assert.Equal(events.Select(e => e.At).Order(), events.Select(e => e.At));

        // The chain holds within each run only: a killed service may not have saved the last state that it knew.
        var pairs = events.Zip(events.Skip(1)).Where(pair => pair.First.At < restarted == pair.Second.At < restarted);
        Assert.All(pairs, pair => Assert.Equal(pair.First.To, pair.Second.From));
    }

    private static async Task WaitingAsync(int metrics, long atLeast)
    {
        using var client = new HttpClient();
        await Eventually.TrueAsync(
            async () =>
            {
                var text = await client.GetStringAsync(new Uri($"http://127.0.0.1:{metrics}/metrics"));
                var found = Regex.Match(text, @"^mobilevlm_outbox_events\S* (\d+)", RegexOptions.Multiline);
                return found.Success && long.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) >= atLeast;
            },
            $"{atLeast} events wait",
            Long);
    }
}
