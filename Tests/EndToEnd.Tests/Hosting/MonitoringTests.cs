using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

/// <summary>The dashboard for Grafana and the alert rules for Prometheus use metrics that the service has.</summary>
public sealed partial class MonitoringTests
{
    private static readonly string Docs = Path.Combine(DemoModel.Repository, "Deploy", "docs");

    /// <summary>The names of the instruments in the format of Prometheus.</summary>
    private static readonly HashSet<string> Metrics = [.. EdgeMeterTests.Instruments.Select(it => Instrument().Match(it)).SelectMany(ToPrometheus)];

    [Fact]
    public void The_names_are_those_that_a_running_service_has_shown()
    {
        var shown = File.ReadLines(Path.Combine(DemoModel.Repository, "Tests", "Fixtures", "contracts", "metrics.txt"))
            .Select(line => line.Split(' ')[0]).Where(name => name.StartsWith("mobilevlm_", StringComparison.Ordinal)).Distinct();
        Assert.Empty(shown.Except(Metrics));
    }

    [Theory]
    [InlineData("monitoring/grafana-dashboard.json")]
    [InlineData("monitoring/prometheus-alerts.yml")]
    public void Every_metric_of_dashboard_and_alerts_exists(string file)
    {
        var names = Metric().Matches(File.ReadAllText(Path.Combine(Docs, file))).Select(it => it.Value).Distinct().ToList();
        Assert.True(names.Count >= 8, $"Only {names.Count} metrics were found in {file}.");
        Assert.Empty(names.Except(Metrics));
    }

    [Fact]
    public void Every_panel_of_the_dashboard_has_its_own_number_and_queries()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Docs, "monitoring", "grafana-dashboard.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(it => it.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, panel => Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray()));
        Assert.All(panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray()), target => Assert.Matches(Metric(), target.GetProperty("expr").GetString()));
    }

    [Fact]
    public void Every_alert_has_an_expression_and_a_sentence_and_the_page_says_what_to_do()
    {
        var alerts = File.ReadAllText(Path.Combine(Docs, "monitoring", "prometheus-alerts.yml")).Split("- alert: ")[1..];
        var page = File.ReadAllText(Path.Combine(Docs, "troubleshooting.md"));
        Assert.True(alerts.Length >= 5, $"Only {alerts.Length} alerts were found.");
        Assert.All(alerts, alert =>
        {
            Assert.Matches(@"expr: \S[\s\S]*severity: (warning|critical)[\s\S]*summary: ""\S", alert);
            Assert.Contains($"`{alert[..alert.IndexOf('\n', StringComparison.Ordinal)]}`", page, StringComparison.Ordinal);
        });
    }

    private static IEnumerable<string> ToPrometheus(Match instrument)
    {
        var unit = instrument.Groups["unit"].Value switch { "s" => "_seconds", "By" => "_bytes", "Cel" => "_celsius", _ => "" };
        var name = instrument.Groups["name"].Value.Replace('.', '_') + unit;
        return instrument.Groups["kind"].Value switch
        {
            "Histogram" => [name, $"{name}_bucket", $"{name}_count", $"{name}_sum"],
            "ObservableCounter" => [$"{name}_total"],
            _ => [name],
        };
    }

    [GeneratedRegex(@"^(?<kind>\w+) (?<name>[a-z._]+) \[(?<unit>\w*)\]")]
    private static partial Regex Instrument();

    [GeneratedRegex("mobilevlm_[a-z_]+[a-z]")]
    private static partial Regex Metric();
}
