using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

/// <summary>The real process ends in time and with the right code even if something hangs.</summary>
public sealed class BoundedStopTests : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(4);

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-stop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_broker_that_hangs_does_not_prevent_the_process_from_ending()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start("run", "--config", Write(broker));
        await subscriber.WaitForAsync("mobilevlm/edge-1/gate/person/state", within: TimeSpan.FromSeconds(60));

        broker.Freeze();
        try
        {
            await StopAsync(service);
        }
        finally
        {
            broker.Thaw();
        }

        // The service could not publish that it stops, so the broker publishes its will.
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text is "offline" or "stopped");
    }

    private static async Task StopAsync(EdgeProcess service)
    {
        service.Terminate();

        // A stop without time limits is ended by the exit guard, which exits with 1; without the guard it would never end.
        Assert.Equal(0, await service.ExitAsync());
    }

    private string Write(Mosquitto broker)
    {
        var file = ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        var document = JsonNode.Parse(File.ReadAllText(file))!;
        document["MobileVlm"]!["Pipeline"]!["StopWithin"] = Within.ToString("c");
        File.WriteAllText(file, document.ToJsonString());
        return file;
    }
}
