using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.EndToEnd.Tests;

/// <summary>Events through the worst hour: the broker away, and the service killed meanwhile.</summary>
public sealed class OutboxTests : IDisposable
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
            await service.SaysAsync("Metrics are at");
            await WaitingAsync(metrics, atLeast: 2);
            service.Kill();
            Assert.Equal(137, await service.ExitAsync());
        }

        await broker.RestartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var restarted = DateTimeOffset.UtcNow;
        await using var again = EdgeProcess.Start("run", "--config", config);
        await subscriber.WaitForAsync("mobilevlm/edge-1/gate/person/event", within: TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => Events(subscriber).Count(e => e.Historical) >= 2, "two late events", Long);
        again.Terminate();
        Assert.Equal(0, await again.ExitAsync());

        var events = Events(subscriber);
        Assert.Equal(events.Count, events.DistinctBy(e => e.Id).Count());
        Assert.Equal(events.Select(e => e.At).Order(), events.Select(e => e.At));

        // Within each run: a killed one may not have written down the last state that it knew.
        var pairs = events.Zip(events.Skip(1)).Where(pair => pair.First.At < restarted == pair.Second.At < restarted);
        Assert.All(pairs, pair => Assert.Equal(pair.First.To, pair.Second.From));
    }

    /// <summary>A folder has the name of the outbox at the start, and is away later: the subscriber notices it in the
    /// statistics only.</summary>
    [Fact]
    public async Task A_service_whose_outbox_cannot_be_used_answers_says_so_and_writes_it_once_it_can()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var state = Path.Combine(_folder, "state");
        var obstacle = Path.Combine(state, "outbox.db");
        Directory.CreateDirectory(Path.Combine(obstacle, "not empty"));
        Directory.CreateDirectory(Path.Combine(state, "questions.json", "not empty"));
        var config = ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate);
        await using var service = EdgeProcess.Start("run", "--config", config);
        await Eventually.TrueAsync(
            () => Storage() is ("memory", "memory", not null) && Events(subscriber).Count >= 2, "two events from memory", Long);
        var before = Events(subscriber).Count;
        Directory.Delete(obstacle, recursive: true);
        Directory.Delete(Path.Combine(state, "questions.json"), recursive: true);
        await Eventually.TrueAsync(() => Storage() is ("disk", _, null) && Events(subscriber).Count > before, "the disk is used again", Long);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        Assert.True(File.Exists(obstacle));
        Assert.True(File.Exists(Path.Combine(state, "questions.json")));
        Assert.Contains("SqliteOutbox[62]", service.Errors, StringComparison.Ordinal);
        Assert.Contains("SqliteOutbox[64]", service.Errors, StringComparison.Ordinal);
        var events = Events(subscriber);
        Assert.Equal(events.Count, events.DistinctBy(e => e.Id).Count());
        Assert.All(events.Zip(events.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));

        (string?, string?, string?)? Storage()
        {
            if (subscriber.Messages.LastOrDefault(m => m.Topic == "mobilevlm/edge-1/stats") is not { } last)
            {
                return null;
            }

            using var body = JsonDocument.Parse(last.Text);
            var storage = body.RootElement.GetProperty("storage");
            return (Text("outbox"), Text("state"), Text("outboxReason"));

            string? Text(string name) => storage.GetProperty(name).GetString();
        }
    }

    private static List<(string Id, bool Historical, string From, string To, DateTimeOffset At)> Events(MosquittoSub subscriber) =>
        [.. subscriber.Messages.Where(m => m.Topic == "mobilevlm/edge-1/gate/person/event").Select(m =>
        {
            using var body = JsonDocument.Parse(m.Text);
            var root = body.RootElement;
            return (
                root.GetProperty("id").GetString()!,
                root.GetProperty("historical").GetBoolean(),
                root.GetProperty("from").GetString()!,
                root.GetProperty("to").GetString()!,
                root.GetProperty("at").GetDateTimeOffset());
        })];

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
