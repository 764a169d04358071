
namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The service on an unprepared machine connects only to its broker, and stores nothing to send later.</summary>
public sealed class NothingLeavesTests : IDisposable
{
    // ONNX Runtime also disables its telemetry on a build server; an empty value removes a variable.
    private static readonly string[] RemovedVariables =
        ["ORT_DISABLE_TELEMETRY", "DOTNET_CLI_TELEMETRY_OPTOUT", "XDG_CACHE_HOME", "CI", "TF_BUILD", "GITHUB_ACTIONS", "JENKINS_URL", "GITLAB_CI"];

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-quiet-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_service_that_answers_opens_only_its_brokers_sockets_and_writes_only_its_own_files()
    {
        var (home, port) = (Directory.CreateDirectory(Path.Combine(_folder, "home")).FullName, Mosquitto.FreePort());
        var config = ServiceConfiguration.Write(
            _folder, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip }, new Dictionary<string, object> { ["Port"] = port });
        var environment = RemovedVariables.ToDictionary(name => name, _ => "");
        environment["HOME"] = home;
        await using var service = EdgeProcess.Start(environment, "run", "--config", config);
        await using var monitor = new SocketMonitor(service.Id);
        await service.LogsAsync("publishes to");
        await using (var subscriber = await MosquittoSub.StartAsync(new Uri($"mqtt://127.0.0.1:{port}")))
        {
            await subscriber.WaitForAsync("mobilevlm/edge-1/gate/scene/answer");
            await subscriber.WaitForAsync("mobilevlm/edge-1/stats");
        }

        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        var sockets = await monitor.EndAsync();

        Assert.True(monitor.Polls > 20, $"{monitor.Polls} polls");
        Assert.Contains($"tcp listen 127.0.0.1:{port}", sockets);
        Assert.Contains(sockets, socket => socket.EndsWith($"> 127.0.0.1:{port}", StringComparison.Ordinal));
        Assert.DoesNotContain(sockets, socket => !IsOfTheBroker(socket, port));
        Assert.Empty(Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories));
    }

    private static bool IsOfTheBroker(string socket, int port) =>
        socket == $"tcp listen 127.0.0.1:{port}"
        || (socket.StartsWith("tcp 127.0.0.1:", StringComparison.Ordinal)
            && (socket.Contains($"127.0.0.1:{port} ", StringComparison.Ordinal) || socket.EndsWith($"127.0.0.1:{port}", StringComparison.Ordinal))
            && socket.Split(" > ")[1] is var remote
            && (remote.StartsWith("127.0.0.1:", StringComparison.Ordinal) || remote == "0.0.0.0:0"));
}
