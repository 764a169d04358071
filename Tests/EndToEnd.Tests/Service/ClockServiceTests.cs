using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>A machine without a battery for its clock: the service starts in 1970 and the clock is set later.</summary>
public sealed class ClockServiceTests : IDisposable
{
    private const string Gate = "mobilevlm/edge-1/gate/";
    private const string Stats = "mobilevlm/edge-1/stats";

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-clock-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_service_that_starts_without_the_time_answers_reports_it_and_uses_the_time_when_it_is_set()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var config = ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        File.WriteAllText(config, File.ReadAllText(config).Replace(
            "\"Answer\":\"Text\"", "\"Answer\":\"Text\",\"Schedule\":[\"00:00-23:59\"]", StringComparison.Ordinal));
        var clock = Path.Combine(_folder, "clock");
        var unset = DateTimeOffset.UnixEpoch.AddSeconds(30) - DateTimeOffset.UtcNow;
        await using var service = EdgeProcess.Start(FakeClock.ReadFrom(clock, unset), "run", "--config", config);

        var answer = Json(await subscriber.WaitForAsync(Gate + "person/answer", message => Json(message)["seq"]!.GetValue<long>() > 0));
        Assert.Equal("unset", answer["clock"]!.ToString());
        Assert.Null(answer["capturedAt"]);
        Assert.InRange(answer["ageMs"]!.GetValue<double>(), 0, 20_000);
        var waiting = await subscriber.WaitForAsync(Gate + "scene/answer");
        Assert.Equal("clockUnset", Json(waiting)["reason"]!.ToString());
        var stats = Json(await subscriber.WaitForAsync(Stats));
        Assert.Equal((null, "unset"), (stats["at"], stats["clock"]!.ToString()));

        FakeClock.Set(clock, TimeSpan.Zero);
        var known = Json(await subscriber.WaitForAsync(Gate + "person/answer", message => Json(message)["clock"] is null));
        Assert.InRange(known["capturedAt"]!.GetValue<DateTimeOffset>(), DateTimeOffset.UtcNow.AddMinutes(-2), DateTimeOffset.UtcNow);
        await subscriber.WaitForAsync(Gate + "scene/state", message => message.Text != "unknown");
        var later = Json(await subscriber.WaitForAsync(Stats, message => Json(message)["clock"]!.ToString() == "set"));
        Assert.InRange(later["uptimeS"]!.GetValue<long>(), 0, 300);
        service.Terminate();
        Assert.True(await service.ExitAsync() == 0, service.Errors);

        Assert.Equal(1, Count(service.Errors, "ClockMonitor[100]"));
        Assert.Equal(1, Count(service.Errors, "ClockMonitor[101]"));
        foreach (var (kind, end) in ((string, string)[])[("answer", "/answer"), ("stats", "/stats"), ("event", "/event")])
        {
            var schema = new SchemaCheck(Path.Combine(AppContext.BaseDirectory, "schemas", $"{kind}.schema.json"));
            Assert.All(
                subscriber.Messages.Where(message => message.Topic.EndsWith(end, StringComparison.Ordinal)),
                message => Assert.Empty(schema.Faults(message.Payload)));
        }
    }

    private static JsonNode Json(ReceivedMessage message) => JsonNode.Parse(message.Payload)!;

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
