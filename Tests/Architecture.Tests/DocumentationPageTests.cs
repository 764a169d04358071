using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The form of the documentation: what its indexes list, and how its pages begin.</summary>
public sealed partial class DocumentationPageTests
{
    private static readonly string Docs = Path.Combine(Repository.Root, "Deploy", "docs");

    [Fact]
    public void Every_decision_has_a_number_a_subject_a_status_and_a_date_and_the_index_lists_them()
    {
        var folder = Path.Combine(Docs, "decisions");
        var pages = Directory.GetFiles(folder, "0*.md").Order(StringComparer.Ordinal).ToList();
        List<string> expected = [];
        foreach (var page in pages)
        {
            var begin = Decision().Match(File.ReadAllText(page));
            Assert.True(begin.Success, $"{page} must begin with '# NNNN: Subject' and 'Status: ... Date: YYYY-MM-DD.'");
            var (number, file) = (begin.Groups["number"].Value, Path.GetFileName(page));
            Assert.StartsWith($"{number}-", file, StringComparison.Ordinal);
            expected.Add($"| [{number}]({file}) | {begin.Groups["subject"].Value} | {begin.Groups["status"].Value} | {begin.Groups["date"].Value} |");
        }

        Assert.Equal(pages.Count, expected.Select(row => row[..8]).Distinct().Count());
        Assert.Equal(expected, File.ReadLines(Path.Combine(folder, "README.md")).Where(line => line.StartsWith("| [0", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\A# (?<number>\d{4}): (?<subject>[A-Z0-9a-z/].+)\n\nStatus: (?<status>(accepted|replaced by|withdrawn).*)\. Date: (?<date>\d{4}-\d\d-\d\d)\.\n\n")]
    private static partial Regex Decision();
}
