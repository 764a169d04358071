using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The service as a process, observed by an independent MQTT client.</summary>
public sealed class ServiceTests : IDisposable
{
    private static readonly Dictionary<string, string> Gate = new() { ["gate"] = DemoModel.Clip };

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-service-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Mosquitto_delivers_every_documented_topic()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var config = ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate);
        await using var service = EdgeProcess.Start("run", "--config", config);

        await AssertTopicsAsync(subscriber);

        // A late subscriber receives only the retained messages.
        await using var late = await MosquittoSub.StartAsync(broker.Address);
        foreach (var topic in (string[])["availability", "stats", "gate/availability", "gate/person/state", "gate/person/answer", "gate/snapshot"])
        {
            Assert.True((await late.WaitForAsync($"mobilevlm/edge-1/{topic}")).Retained);
        }

        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        Assert.Equal("", service.Output);
        await subscriber.WaitForAsync("mobilevlm/edge-1/gate/availability", m => m.Text == "offline");
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text == "stopped");
        Assert.DoesNotContain(subscriber.Messages, m => m.Topic == "mobilevlm/edge-1/availability" && m.Text == "offline");
    }

    [Fact]
    public async Task The_embedded_broker_serves_independent_clients_on_the_loopback()
    {
        var port = Mosquitto.FreePort();
        var config = ServiceConfiguration.Write(_folder, "embedded", Gate, new Dictionary<string, object> { ["Port"] = port });
        await using var service = EdgeProcess.Start("run", "--config", config);
        await service.LogsAsync("publishes to");
        await using var subscriber = await MosquittoSub.StartAsync(new Uri($"mqtt://127.0.0.1:{port}"));
        await AssertTopicsAsync(subscriber);
    }

    [Fact]
    public async Task A_killed_service_is_announced_offline_by_the_broker()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start(
            "run", "--config", ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate));
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text == "online", TimeSpan.FromSeconds(60));
        service.Kill();
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text == "offline");
        await using var late = await MosquittoSub.StartAsync(broker.Address);
        Assert.Equal("offline", (await late.WaitForAsync("mobilevlm/edge-1/availability", m => m.Retained)).Text);
    }

    [Fact]
    public async Task States_are_published_again_after_a_broker_without_persistence_restarts()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var service = EdgeProcess.Start(
            "run", "--config", ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate));
        await using (var subscriber = await MosquittoSub.StartAsync(broker.Address))
        {
            await subscriber.WaitForAsync("mobilevlm/edge-1/gate/scene/state", within: TimeSpan.FromSeconds(60));
        }

        await broker.StopAsync();
        await service.LogsAsync("PublisherActor[51]");
        await broker.RestartAsync();
        await using var again = await MosquittoSub.StartAsync(broker.Address);
        await again.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text == "online", TimeSpan.FromSeconds(30));
        foreach (var topic in (string[])["gate/availability", "gate/person/state", "gate/scene/answer", "gate/snapshot"])
        {
            await again.WaitForAsync($"mobilevlm/edge-1/{topic}");
        }
    }

    [Fact]
    public async Task An_unreachable_broker_is_named_and_retried_until_it_is_available()
    {
        await using var broker = await Mosquitto.StartAsync();
        await broker.StopAsync();
        await using var service = EdgeProcess.Start(
            "run", "--config", ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate));
        await service.LogsAsync($"No connection to mqtt://127.0.0.1:{broker.Port}");
        await broker.RestartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text == "online", TimeSpan.FromSeconds(60));
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    [Fact]
    public async Task A_model_that_does_not_match_is_refused_at_start()
    {
        var model = Path.Combine(_folder, "model");
        Directory.CreateDirectory(model);
        foreach (var file in Directory.GetFiles(DemoModel.Folder.FolderPath))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        File.AppendAllText(Path.Combine(model, "embeddings.bin"), "x");
        var config = ServiceConfiguration.Write(_folder, "embedded", Gate, new Dictionary<string, object> { ["Port"] = 0 });
        File.WriteAllText(config, File.ReadAllText(config).Replace(DemoModel.Folder.FolderPath, model, StringComparison.Ordinal));
        var result = await EdgeProcess.RunAsync("run", "--config", config);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("embeddings.bin has", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_errors_of_a_configuration_are_listed_at_once()
    {
        var config = ServiceConfiguration.Write(_folder, "embedded", Gate);
        File.WriteAllText(config, File.ReadAllText(config)
            .Replace("\"Every\":\"00:00:02\"", "\"Evry\":\"00:00:02\"", StringComparison.Ordinal)
            .Replace("\"Node\":\"edge-1\"", "\"Node\":\"edge/1\"", StringComparison.Ordinal)
            .Replace("YesNo", "Maybe", StringComparison.Ordinal));
        var result = await EdgeProcess.RunAsync("run", "--config", config);
        Assert.Equal(2, result.ExitCode);
        foreach (var word in (string[])["Evry", "Node", "Maybe"])
        {
            Assert.Contains(word, result.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_reported_with_the_setting_to_change()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var result = await EdgeProcess.RunAsync("run", "--config", ServiceConfiguration.Write(
            _folder, "embedded", Gate, new Dictionary<string, object> { ["Port"] = port }));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("Mqtt:Port", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_checks_model_broker_and_cameras()
    {
        await using var broker = await Mosquitto.StartAsync();
        var fine = await EdgeProcess.RunAsync("doctor", "--config", ServiceConfiguration.Write(_folder, broker.Address.ToString(), Gate));
        Assert.True(fine.ExitCode == 0, fine.Output + fine.Errors);
        Assert.Contains("480x360", fine.Output, StringComparison.Ordinal);

        var bad = await EdgeProcess.RunAsync("doctor", "--config", ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = "/nowhere/clip.mp4" }));
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains("/nowhere/clip.mp4", bad.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_imports_its_model_plays_its_clip_once_and_ends()
    {
        var cache = new Dictionary<string, string> { ["XDG_CACHE_HOME"] = _folder };
        for (var run = 1; run <= 2; run++)
        {
            await using var demo = EdgeProcess.Start(cache, "demo", "--once", "--speed", "8");
            Assert.Equal(0, await demo.ExitAsync(TimeSpan.FromSeconds(120)));
            Assert.Equal(run == 1, demo.Errors.Contains("importing the bundled checkpoint", StringComparison.Ordinal));
            Assert.Contains("gate/person", demo.Errors, StringComparison.Ordinal);
            Assert.Contains("toy", demo.Errors, StringComparison.Ordinal);
            Assert.Matches(@"[1-9]\d* answers about [1-9]\d* frames", demo.Errors);

            // Without a terminal there are lines for changes and events only, not for each of the hundreds of answers; the summary is last.
            var lines = demo.Errors.TrimEnd().Split('\n');
            Assert.InRange(lines.Length, 20, 150);
            Assert.Contains(lines, line => line.Contains("event gate/person: Person at the gate: yes", StringComparison.Ordinal));
            Assert.Contains("Ctrl+C stops the demo.", lines);
            Assert.Matches(@"^[1-9]\d* answers about", lines[^1]);
            Assert.DoesNotContain('\u001b', demo.Errors);
        }
    }

    private static async Task AssertTopicsAsync(MosquittoSub subscriber)
    {
        const string Root = "mobilevlm/edge-1";
        await subscriber.WaitForAsync($"{Root}/availability", m => m.Text == "online", TimeSpan.FromSeconds(60));
        await subscriber.WaitForAsync($"{Root}/gate/availability", m => m.Text == "online");
        Assert.Matches("^(yes|no)$", (await subscriber.WaitForAsync($"{Root}/gate/person/state")).Text);
        Assert.Contains("gate", (await subscriber.WaitForAsync($"{Root}/gate/scene/state")).Text, StringComparison.Ordinal);

        var message = await subscriber.WaitForAsync($"{Root}/gate/person/answer");
        using var answer = JsonDocument.Parse(message.Text);
        var names = answer.RootElement.EnumerateObject().Select(p => p.Name);
        Assert.Equal(
            ["v", "node", "camera", "question", "ask", "value", "text", "score", "mass", "frame", "capturedAt", "answeredAt", "ageMs", "timings", "model", "reused", "seq", "state", "since", "lastKnown", "lastKnownAt"],
            names);
        Assert.InRange(answer.RootElement.GetProperty("score").GetDouble(), 0, 1);
        Assert.InRange(answer.RootElement.GetProperty("ageMs").GetDouble(), 0, 10_000);

        var snapshot = (await subscriber.WaitForAsync($"{Root}/gate/snapshot")).Payload;
        Assert.Equal([0xFF, 0xD8, 0xFF], snapshot[..3]);
        using var stats = JsonDocument.Parse((await subscriber.WaitForAsync(
            $"{Root}/stats", m => m.Text.Contains("\"gate\"", StringComparison.Ordinal))).Text);
        Assert.Equal("cpu", stats.RootElement.GetProperty("target").GetString());
        foreach (var part in (string[])["vision", "decoder"])
        {
            var session = stats.RootElement.GetProperty("sessions").GetProperty(part);
            Assert.Equal("CPUExecutionProvider", session.GetProperty("provider").GetString());
            Assert.True(session.GetProperty("nodes").GetInt32() > 20);
        }

        // The first statistics may be older than the first frame.
        await subscriber.WaitForAsync($"{Root}/stats", m => FramesCaptured(m.Text) > 0);
    }

    private static long FramesCaptured(string stats)
    {
        using var document = JsonDocument.Parse(stats);
        return document.RootElement.GetProperty("cameras").GetProperty("gate").GetProperty("framesCaptured").GetInt64();
    }
}
