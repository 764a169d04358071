using MobileVlm.Edge.Tools.HttpLoad;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>A short run of <c>Tests/Tools/HttpLoad</c>, which sends ten thousand requests by command.</summary>
public sealed class HostileRequestTests
{
    [Fact]
    public async Task A_service_stays_well_under_hundreds_of_hostile_requests()
    {
        var report = await HostileRun.RunAsync(400, seed: Environment.TickCount & 0xFFFF, TextWriter.Null);
        Assert.True(report.Problems.Count == 0, string.Join('\n', report.Problems));

        // Damaged, oversized and unauthorised requests are refused, not answered.
        Assert.Equal(20, report.Statuses.Keys.Select(it => it.Kind).Distinct().Count());
        foreach (var (kind, status) in new[]
        {
            ("wrong tokens", 401), ("large headers", 431), ("many headers", 431), ("long addresses", 414), ("wrong hosts", 421), ("pages of others", 403),
            ("compressed bombs", 415), ("picture bombs", 400), ("declared too large", 413), ("broken chunks", 400), ("two lengths", 400), ("deep nesting", 400),
        })
        {
            Assert.True(report.Statuses.ContainsKey((kind, status)), $"No request of '{kind}' was refused with {status}: {string.Join(", ", report.Statuses.Keys.Where(it => it.Kind == kind))}");
        }
    }
}
