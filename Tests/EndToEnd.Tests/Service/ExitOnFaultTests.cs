
namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The service exits if it can continue only after a restart by systemd.</summary>
public sealed class ExitOnFaultTests : IDisposable
{
    private const string Root = "mobilevlm/edge-1/";

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-exit-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>An actor fails one time more than it may, or an actor fails that is not restarted at all.</summary>
    [Theory]
    [InlineData("edge/publisher", 11, "The actor 'publisher' failed too often")]
    [InlineData("edge/pipeline", 1, "The service cannot continue and exits")]
    [InlineData("edge", 1, "The supervisor of all actors stopped.")]
    public async Task A_service_whose_actor_cannot_be_restarted_stops_in_order_and_exits_with_1(
        string actor, int failures, string reason)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var faults = Path.Combine(_folder, "faults");
        var config = ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        await using var service = EdgeProcess.Start(ActorFaults.ReadFrom(faults), "run", "--config", config);
        await subscriber.WaitForAsync(Root + "gate/person/state", message => message.Text is "yes" or "no", TimeSpan.FromSeconds(60));

        ActorFaults.Fail(faults, actor, failures);

        // The waits between ten restarts add up to half a minute.
        Assert.Equal(1, await service.ExitAsync(TimeSpan.FromMinutes(3)));
        Assert.Contains(reason, service.Errors, StringComparison.Ordinal);
        Assert.Equal(failures > 1, service.Errors.Contains("EdgeSupervisor[90]", StringComparison.Ordinal));
        Assert.DoesNotContain("Unhandled exception", service.Errors, StringComparison.Ordinal);

        // Actors that stop with the supervisor have no time to save their last second, as with SIGKILL.
        Assert.True(actor == "edge" || File.Exists(Path.Combine(_folder, "state", "questions.json")), service.Errors);
        await subscriber.WaitForAsync(Root + "availability", message => message.Text is "stopped" or "offline");
    }

    /// <summary>The failures of an actor are within its restart budget.</summary>
    [Fact]
    public async Task A_service_whose_actor_was_restarted_continues_and_exits_with_0_when_stopped()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var faults = Path.Combine(_folder, "faults");
        var config = ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        await using var service = EdgeProcess.Start(ActorFaults.ReadFrom(faults), "run", "--config", config);
        await subscriber.WaitForAsync(Root + "gate/person/state", message => message.Text is "yes" or "no", TimeSpan.FromSeconds(60));

        ActorFaults.Fail(faults, "edge/evaluation", 3);
        await service.LogsAsync("The actor 'evaluation' failed");
        await subscriber.WaitForAsync(Root + "gate/person/event", within: TimeSpan.FromSeconds(60));
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        Assert.DoesNotContain(subscriber.Messages, message => message.Topic == Root + "availability" && message.Text == "offline");
    }
}
