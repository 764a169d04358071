using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class MetricsTests : IDisposable
{
    private static readonly Dictionary<string, string> Gate = new() { ["gate"] = DemoModel.Clip };

    private static readonly string[] Stages = ["capture", "gate", "encode", "prefill", "decode", "publish"];

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-metrics-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Prometheus_reads_on_the_loopback_what_was_counted()
    {
        var port = Mosquitto.FreePort();
        var config = ServiceConfiguration.Write(_folder, "embedded", Gate, new Dictionary<string, object> { ["Port"] = 0 });
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

        foreach (var name in (string[])
            ["mobilevlm_frames_captured_total{", "mobilevlm_answers_total", "mobilevlm_answer_age_seconds_bucket{", "mobilevlm_outbox_events",
            "mobilevlm_outbox_size_bytes", "mobilevlm_outbox_oldest_age_seconds", "mobilevlm_frames_gated_total{",
            "mobilevlm_camera_online{", "mobilevlm_memory_resident_bytes", "camera=\"gate\""])
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
        }

        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());

        bool HasTimed(string stage) => Regex.IsMatch(text, $"mobilevlm_stage_seconds_count{{[^}}]*stage=\"{stage}\"[^}}]*}} [1-9]");
    }
}
