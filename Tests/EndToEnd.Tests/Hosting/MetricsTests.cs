using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class MetricsTests : IDisposable
{
    private static readonly Dictionary<string, string> Gate = new() { ["gate"] = DemoModel.Clip };

    private static readonly string[] Stages = ["capture", "gate", "encode", "prefill", "decode", "publish"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Prometheus_reads_on_the_loopback_what_was_counted()
    {
        var port = Mosquitto.FreePort();
        var config = ServiceConfiguration.Write(_folder.Path, "embedded", Gate, new Dictionary<string, object> { ["Port"] = 0 });
        File.WriteAllText(config, File.ReadAllText(config).Replace(
            "\"Node\":", $"\"Metrics\": {{ \"Port\": {port} }}, \"Node\":", StringComparison.Ordinal));
        await using var service = EdgeProcess.Start("run", "--config", config);
        await service.LogsAsync("Metrics are at");

        using var client = new HttpClient();
        var text = "";
        await Eventually.TrueAsync(
            async () =>
            {
                text = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
                return Stages.All(HasTimed);
            },
            "each stage has been timed",
            state: () => text);

        // The contract test has all names; these are values.
        Assert.Matches("mobilevlm_frames_captured_total{[^}]*camera=\"gate\"[^}]*} [1-9]", text);
        Assert.Matches("mobilevlm_frames_used_total{[^}]*camera=\"gate\"[^}]*} [1-9]", text);
        Assert.Matches("mobilevlm_camera_online{[^}]*camera=\"gate\"[^}]*} 1\\s", text);
        Assert.Matches("mobilevlm_answers_total{[^}]*} [1-9]", text);
        Assert.Matches("mobilevlm_mqtt_connected{[^}]*} 1\\s", text);
        Assert.Matches("mobilevlm_mqtt_published_total{[^}]*} [1-9]", text);
        Assert.Matches("mobilevlm_memory_resident_bytes{[^}]*} [1-9]", text);

        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());

        bool HasTimed(string stage) => Regex.IsMatch(text, $"mobilevlm_stage_seconds_count{{[^}}]*stage=\"{stage}\"[^}}]*}} [1-9]");
    }
}
