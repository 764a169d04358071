using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>A second service with the same files, for example a forgotten unit beside a service that was started by hand.</summary>
public sealed class SecondServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-second-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("StateFolder")]
    [InlineData("Outbox:Path")]
    public async Task A_second_service_is_refused_with_the_setting_and_the_process_and_the_first_continues(string key)
    {
        var shared = key == "StateFolder" ? Path.Combine(_folder, "state") : Path.Combine(_folder, "shared.db");
        await using var first = EdgeProcess.Start("run", "--config", Write("first", key, shared));
        await first.LogsAsync("watches 1 camera");
        var started = Stopwatch.GetTimestamp();
        var second = await EdgeProcess.RunAsync("run", "--config", Write("second", key, shared));
        var took = Stopwatch.GetElapsedTime(started);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"error: {key}: '{shared}' is in use by process {first.Id}.", second.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("self-test", second.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", second.Errors, StringComparison.Ordinal);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(20));

        // The doctor's check does not take the lock away.
        var doctor = await EdgeProcess.RunAsync("doctor", "--config", Path.Combine(_folder, "first.json"));
        Assert.DoesNotContain("in use by", doctor.Errors, StringComparison.Ordinal);
        Assert.False(first.HasExited);
        first.Terminate();
        Assert.Equal(0, await first.ExitAsync());
        await using var next = EdgeProcess.Start("run", "--config", Path.Combine(_folder, "second.json"));
        await next.LogsAsync("watches 1 camera");
        next.Terminate();
        Assert.Equal(0, await next.ExitAsync());
    }

    private string Write(string name, string key, string shared)
    {
        var file = ServiceConfiguration.Write(
            _folder, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip },
            new Dictionary<string, object> { ["Port"] = Mosquitto.FreePort() });
        var root = JsonNode.Parse(File.ReadAllText(file))!;
        var edge = root["MobileVlm"]!.AsObject();
        edge["Node"] = name;
        edge["StateFolder"] = key == "StateFolder" ? shared : Path.Combine(_folder, name);
        if (key != "StateFolder")
        {
            edge["Outbox"] = new JsonObject { ["Path"] = shared };
        }

        var own = Path.Combine(_folder, $"{name}.json");
        File.WriteAllText(own, root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        return own;
    }
}
