using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The service with a real RTSP stream whose server is killed and frozen.</summary>
[Collection(Alone.Name)]
public sealed class RtspTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-rtsp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Answers_resume_after_the_server_was_killed_and_after_it_was_frozen()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var server = await RtspTestServer.StartAsync(clip: DemoModel.Clip);
        try
        {
            // A second camera shows that the first one's failure does not affect others.
            var cameras = new Dictionary<string, string> { ["street"] = server.Url, ["gate"] = DemoModel.Clip };
            await using var service = EdgeProcess.Start("run", "--config", ServiceConfiguration.Write(
                _folder, broker.Address.ToString(), cameras, stall: TimeSpan.FromSeconds(3)));
            await AnswersAsync(subscriber);

            server.Kill();
            await AvailabilityAsync(subscriber, "offline");
            server.Dispose();
            server = await RtspTestServer.StartAsync(server.Port, DemoModel.Clip);
            await AnswersAsync(subscriber);

            var before = Count(subscriber, "gate");
            server.Freeze();
            await AvailabilityAsync(subscriber, "offline");
            server.Thaw();
            await AnswersAsync(subscriber);
            Assert.True(Count(subscriber, "gate") >= before + 4, "The other camera was disturbed.");
        }
        finally
        {
            server.Dispose();
        }
    }

    /// <summary>Waits for two answers that are newer than this call.</summary>
    private static async Task AnswersAsync(MosquittoSub subscriber)
    {
        var since = DateTimeOffset.UtcNow;
        await subscriber.WaitForAsync(
            "mobilevlm/edge-1/street/person/answer", m => CapturedAt(m) > since, TimeSpan.FromSeconds(90));
        var next = DateTimeOffset.UtcNow;
        await subscriber.WaitForAsync(
            "mobilevlm/edge-1/street/person/answer", m => CapturedAt(m) > next, TimeSpan.FromSeconds(30));
        Assert.Equal("online", subscriber.Messages.Last(m => m.Topic == "mobilevlm/edge-1/street/availability").Text);
    }

    private static async Task AvailabilityAsync(MosquittoSub subscriber, string value)
    {
        var seen = subscriber.Messages.Count;
        await subscriber.WaitForAsync(
            "mobilevlm/edge-1/street/availability",
            m => m.Text == value && subscriber.Messages.ToList().LastIndexOf(m) >= seen - 1,
            TimeSpan.FromSeconds(30));
    }

    private static DateTimeOffset CapturedAt(ReceivedMessage message)
    {
        using var json = JsonDocument.Parse(message.Text);
        return json.RootElement.GetProperty("capturedAt").GetDateTimeOffset();
    }

    private static int Count(MosquittoSub subscriber, string camera) =>
        subscriber.Messages.Count(m => m.Topic == $"mobilevlm/edge-1/{camera}/person/answer");
}
