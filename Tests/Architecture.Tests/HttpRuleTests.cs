using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The tables of rules in <c>Tests/README.md</c>: each rule names tests, and each of these exists.</summary>
public sealed partial class HttpRuleTests
{
    [Theory]
    [InlineData('H', 18)]
    [InlineData('P', 16)]
    [InlineData('W', 14)]
    [InlineData('B', 30)]
    public void Every_rule_names_tests_that_exist(char page, int count)
    {
        var sources = Repository.Sources("Tests").ToDictionary(
            file => $"{Path.GetDirectoryName(file.Path)}/{Path.GetFileNameWithoutExtension(file.Path)}", file => string.Join('\n', file.Lines), StringComparer.Ordinal);
        var rows = File.ReadAllLines(Path.Combine(Repository.Root, "Tests", "README.md"))
            .Select(line => Row().Match(line)).Where(row => row.Success && row.Groups["page"].Value[0] == page).ToList();

        Assert.Equal(
            Enumerable.Range(1, count),
            rows.Select(row => int.Parse(row.Groups["number"].Value, CultureInfo.InvariantCulture)));
        Assert.All(rows, row =>
        {
            var named = Test().Matches(row.Groups["tests"].Value);
            Assert.NotEmpty(named);
            Assert.All(named, test =>
            {
                var (type, name) = (test.Groups["type"].Value, test.Groups["name"].Value);
                Assert.True(
                    sources.Any(file => file.Key.EndsWith($"/{type}", StringComparison.Ordinal) && Regex.IsMatch(file.Value, $@"public (async Task|Task|void) {name}\(")),
                    $"There is no test {type}.{name}.");
            });
        });
    }

    [GeneratedRegex(@"^\| (?<page>[HPWB])(?<number>\d+) \| [^|]+ \| (?<tests>[^|]+) \|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"`(?<type>\w+)\.(?<name>\w+)`")]
    private static partial Regex Test();
}
