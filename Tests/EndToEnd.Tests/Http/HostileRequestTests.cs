using MobileVlm.Edge.Tools.HttpLoad;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>A short run of <c>Tests/Tools/HttpLoad</c>, which sends ten thousand requests by command.</summary>
public sealed class HostileRequestTests
{
    [Fact]
    public async Task A_service_stays_well_under_hundreds_of_hostile_requests()
    {
        var seed = Environment.TickCount & 0xFFFF;
        var report = await HostileRun.RunAsync(400, seed, TextWriter.Null);
        Assert.True(report.Problems.Count == 0, $"Seed {seed}:\n{string.Join('\n', report.Problems)}");

        // Damaged, oversized and unauthorised requests are refused, not answered.
        var kinds = report.Statuses.Keys.Select(it => it.Kind).Distinct().ToList();
        Assert.True(kinds.Count == 20, $"Seed {seed}: {string.Join(", ", kinds)}");
        foreach (var (kind, status) in new[]
        {
            ("wrong tokens", 401), ("large headers", 431), ("many headers", 431), ("long addresses", 414), ("wrong hosts", 421), ("pages of others", 403),
            ("compressed bombs", 415), ("picture bombs", 400), ("declared too large", 413), ("broken chunks", 400), ("two lengths", 400), ("deep nesting", 400),
        })
        {
            Assert.True(report.Statuses.ContainsKey((kind, status)), $"Seed {seed}: no request of '{kind}' was refused with {status}: {string.Join(", ", report.Statuses.Keys.Where(it => it.Kind == kind))}");
        }
    }
}
