using MobileVlm.Edge.Deploy.Watch;

namespace MobileVlm.Edge.EndToEnd.Tests.Watch;

/// <summary><c>mobilevlm watch</c> with a real service and a real broker.</summary>
public sealed class WatchCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-watch-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_running_service_is_shown_as_a_table_in_a_terminal_and_as_lines_elsewhere()
    {
        await using var broker = await Mosquitto.StartAsync();
        var config = ServiceConfiguration.Write(_folder, broker.Address.ToString(), new Dictionary<string, string>
        {
            ["gate"] = DemoModel.Clip,
            ["yard"] = "/nowhere/clip.mp4",
        });
        await using var lines = EdgeProcess.Start("watch", "--config", config, "--camera", "gate");
        await using var terminal = Terminal.Start(80, 24, new Dictionary<string, string>(), "watch", "--config", config);
        await terminal.ShowsAsync("Nothing is published under mobilevlm/edge-1/#");

        await using (var service = EdgeProcess.Start("run", "--config", config))
        {
            var screen = await terminal.UntilAsync(
                it => it[0] == $"edge-1 at mqtt://127.0.0.1:{broker.Port}: online" && it.Any(line => line.StartsWith("gate/person no ", StringComparison.Ordinal)),
                "the state of gate/person");
            Assert.Equal("Cameras: gate online, yard offline", screen[1]);
            Assert.Contains(screen, line => line.StartsWith("yard/scene ", StringComparison.Ordinal));
            Assert.Contains("Ctrl+C stops watching; the service continues.", screen);
            service.Terminate();
            await service.ExitAsync();
            await terminal.ShowsAsync("The service is stopped");
            await lines.PrintsAsync("The service is stopped");
        }

        await broker.StopAsync();
        await terminal.ShowsAsync("Connection refused");
        await broker.RestartAsync();
        await terminal.ShowsAsync("The service is stopped");
        terminal.Interrupt();
        await terminal.ShowsAsync("exit code 0");

        Assert.Matches(@"\d\d:\d\d:\d\d gate/person: no \(score 0\.\d{3}\)", lines.Output);
        Assert.Contains("service: online", lines.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("yard/", lines.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', lines.Output);
        Assert.Single(lines.Output.Split('\n'), line => line.Contains("gate/person: no (", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_that_cannot_be_watched_is_reported_with_its_exit_code()
    {
        var port = Mosquitto.FreePort();
        var gate = new Dictionary<string, string> { ["gate"] = DemoModel.Clip };
        var unreachable = await EdgeProcess.RunAsync("watch", "--config", ServiceConfiguration.Write(_folder, $"mqtt://127.0.0.1:{port}", gate));
        Assert.Equal((1, ""), (unreachable.ExitCode, unreachable.Output));
        Assert.Contains($"No connection to mqtt://127.0.0.1:{port}: Connection refused", unreachable.Errors, StringComparison.Ordinal);

        var embedded = await EdgeProcess.RunAsync(
            "watch", "--config", ServiceConfiguration.Write(_folder, "embedded", gate, new Dictionary<string, object> { ["Port"] = port }));
        Assert.Equal(1, embedded.ExitCode);
        Assert.Contains("the service is not running", embedded.Errors, StringComparison.Ordinal);

        var camera = await EdgeProcess.RunAsync(
            "watch", "--camera", "gat", "--config", ServiceConfiguration.Write(_folder, "embedded", gate, new Dictionary<string, object> { ["Port"] = port }));
        Assert.Equal(2, camera.ExitCode);
        Assert.Contains("did you mean 'gate'?", camera.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_that_is_gone_or_silent_is_reported()
    {
        var now = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
        var health = new ServiceHealth("mobilevlm/edge-1/#", "systemctl status mobilevlm", TimeSpan.FromSeconds(30));
        Assert.Null(Problem(null, now.AddSeconds(-1), null));
        Assert.Contains("Nothing is published", Problem(null, now.AddSeconds(-4), null), StringComparison.Ordinal);
        Assert.Null(Problem("online", now.AddMinutes(-5), now.AddSeconds(-10)));
        Assert.Contains("nothing for 60 s", Problem("online", now.AddMinutes(-5), now.AddSeconds(-60)), StringComparison.Ordinal);
        Assert.Contains("offline", Problem("offline", now, now), StringComparison.Ordinal);
        Assert.Contains("stopped", Problem("stopped", now, now), StringComparison.Ordinal);
        Assert.Equal("No connection.", health.FindProblem(Snapshot("online", now), "No connection.", now, now));

        string? Problem(string? availability, DateTimeOffset connected, DateTimeOffset? last) =>
            health.FindProblem(Snapshot(availability, last), null, connected, now);

        static WatchSnapshot Snapshot(string? availability, DateTimeOffset? last) => new(availability, [], [], [], 0, 0, last);
    }
}
