using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>Events that occur while the outbox cannot be written.</summary>
public sealed class UnusableOutboxTests : IDisposable
{
    // Events come at the pace of the demo clip.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-outbox-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>At the start a folder has the name of the outbox; later it is removed. A subscriber sees the difference only in the
    /// statistics.</summary>
    [Fact]
    public async Task A_service_whose_outbox_cannot_be_used_answers_reports_it_and_writes_it_when_it_can()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var state = Path.Combine(_folder, "state");
        var obstacle = Path.Combine(state, "outbox.db");
        Directory.CreateDirectory(Path.Combine(obstacle, "not empty"));
        Directory.CreateDirectory(Path.Combine(state, "questions.json", "not empty"));
        var config = ServiceConfiguration.Write(_folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        await using var service = EdgeProcess.Start("run", "--config", config);
        await Eventually.TrueAsync(
            () => Storage() is ("memory", "memory", not null) && PublishedEvent.Of(subscriber).Count >= 2, "two events from memory", Long);
        var before = PublishedEvent.Of(subscriber).Count;
        Directory.Delete(obstacle, recursive: true);
        Directory.Delete(Path.Combine(state, "questions.json"), recursive: true);
        await Eventually.TrueAsync(() => Storage() is ("disk", _, null) && PublishedEvent.Of(subscriber).Count > before, "the disk is used again", Long);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        Assert.True(File.Exists(obstacle));
        Assert.True(File.Exists(Path.Combine(state, "questions.json")));
        Assert.Contains("SqliteOutbox[62]", service.Errors, StringComparison.Ordinal);
        Assert.Contains("SqliteOutbox[64]", service.Errors, StringComparison.Ordinal);
        var events = PublishedEvent.Of(subscriber);
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
}
