using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Mqtt;

/// <summary>Validates the messages of a real service against Home Assistant's documented rules.</summary>
public sealed class HomeAssistantTests : IDisposable
{
    private static readonly SchemaCheck Rules =
        new(Path.Combine(AppContext.BaseDirectory, "schemas", "device-discovery.schema.json"));

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-ha-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true, "stopped")]
    [InlineData(false, "offline")]
    public async Task Every_entity_is_available_while_the_service_runs_and_none_after_a_stop_or_a_kill(bool stop, string last)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var cameras = new Dictionary<string, string> { ["gate"] = DemoModel.Clip, ["yard"] = DemoModel.Clip };
        var config = ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), cameras, new Dictionary<string, object> { ["HomeAssistant"] = new { Enabled = true } });
        await using var service = EdgeProcess.Start("run", "--config", config);
        foreach (var camera in cameras.Keys)
        {
            await subscriber.WaitForAsync($"mobilevlm/edge-1/{camera}/person/state");
        }

        var stats = await subscriber.WaitForAsync("mobilevlm/edge-1/stats", message => JsonNode.Parse(message.Payload)!["cameras"]!
            .AsObject().All(camera => camera.Value!["lastAgeMs"] is not null));
        Assert.All(Entities(subscriber), entity => Assert.True(entity.IsAvailable(Payloads(subscriber)), entity.Key));
        Assert.All(cameras.Keys, camera => Assert.Equal(
            $"{{{{ value_json.cameras['{camera}'].lastAgeMs }}}}",
            Device(subscriber, camera)["components"]!["stat_picture_age"]!["value_template"]!.ToString()));
        Assert.All(cameras.Keys, camera =>
        {
            var view = Device(subscriber, camera)["components"]!["view"]!;
            Assert.Equal($"mobilevlm/edge-1/{camera}/view", view["state_topic"]!.ToString());
            Assert.Equal(["normal", "changed", "covered", "dark", "blurred"], view["options"]!.AsArray().Select(it => it!.ToString()));
        });
        Assert.All(
            JsonNode.Parse(stats.Payload)!["cameras"]!.AsObject(),
            camera => Assert.InRange(camera.Value!["lastAgeMs"]!.GetValue<double>(), 0, 60_000));

        if (stop)
        {
            service.Terminate();
            Assert.Equal(0, await service.ExitAsync());
        }
        else
        {
            service.Kill();
        }

        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", message => message.Text == last);
        Assert.Equal(last, Payloads(subscriber)["mobilevlm/edge-1/availability"]);
        Assert.All(Entities(subscriber), entity => Assert.False(entity.IsAvailable(Payloads(subscriber)), entity.Key));
        Assert.All(cameras.Keys, camera => Assert.Empty(Rules.Faults(Config(subscriber, camera).Payload)));
    }

    private static List<EntityAvailability> Entities(MosquittoSub subscriber)
    {
        var entities = subscriber.Messages.Where(message => message.Topic.StartsWith("homeassistant/", StringComparison.Ordinal))
            .GroupBy(message => message.Topic).SelectMany(of => EntityAvailability.Of(of.Last().Payload)).ToList();
        Assert.True(entities.Count > 10, "too few entities");
        return entities;
    }

    private static ReceivedMessage Config(MosquittoSub subscriber, string camera) => subscriber.Messages.Last(
        message => message.Topic == $"homeassistant/device/mobilevlm-edge-1/{camera}/config");

    private static JsonNode Device(MosquittoSub subscriber, string camera) => JsonNode.Parse(Config(subscriber, camera).Payload)!;

    private static Dictionary<string, string> Payloads(MosquittoSub subscriber) =>
        subscriber.Messages.GroupBy(message => message.Topic).ToDictionary(of => of.Key, of => of.Last().Text);
}
