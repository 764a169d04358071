using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

/// <summary>The real process ends in time, with the right code, whatever hangs.</summary>
public sealed class BoundedStopTests : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(4);

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-stop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_broker_that_hangs_does_not_keep_the_process()
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

        // It could not say that it stops, so the broker says that it is gone.
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text is "offline" or "stopped");
    }

    private static async Task StopAsync(EdgeProcess service)
    {
        service.Terminate();

        // A stop whose steps have no limit is ended by the exit guard, which exits with 1; without the guard it never ends.
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
