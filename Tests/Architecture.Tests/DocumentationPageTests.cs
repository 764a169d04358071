using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The form of the documentation: what its indexes list, and how its pages begin.</summary>
public sealed partial class DocumentationPageTests
{
    private const int MaxWords = 1500;

    /// <summary>Tables that are generated from the code or compared with it row by row.</summary>
    private static readonly string[] References = ["configuration.md", "log-events.md", "messages.md", Path.Combine("decisions", "README.md")];

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

    [Fact]
    public void The_readme_has_at_most_700_words_and_two_pictures()
    {
        var page = new MarkdownPage(Path.Combine(Repository.Root, "README.md"));
        Assert.InRange(page.AllWords, 200, 700);
        Assert.InRange(page.Links.Count(link => link.EndsWith(".svg", StringComparison.Ordinal) || link.EndsWith(".png", StringComparison.Ordinal)), 1, 2);
    }

    [Fact]
    public void No_page_is_longer_than_1500_words_outside_of_code()
    {
        var pages = Directory.GetFiles(Docs, "*.md").Concat(Directory.GetFiles(Path.Combine(Docs, "decisions"), "*.md")).ToList();
        var lengths = pages.ToDictionary(page => Path.GetRelativePath(Docs, page), page => new MarkdownPage(page).Words);
        Assert.Empty(lengths.Where(it => it.Value > MaxWords && !References.Contains(it.Key)).Select(it => $"{it.Key}: {it.Value} words"));
    }

    [Fact]
    public void Every_page_begins_with_one_heading_and_the_index_and_llms_txt_list_it()
    {
        var index = new MarkdownPage(Path.Combine(Docs, "README.md")).Links.Select(link => link.Split('#')[0]).ToHashSet();
        var listed = File.ReadAllText(Path.Combine(Docs, "llms.txt"));
        foreach (var path in Directory.GetFiles(Docs, "*.md"))
        {
            var (page, name) = (new MarkdownPage(path), Path.GetFileName(path));
            var text = File.ReadAllText(path);
            Assert.StartsWith("# ", text, StringComparison.Ordinal);
            Assert.True(name == "README.md" || index.Contains(name), $"Deploy/docs/README.md does not list {name}.");
            Assert.Contains($"- [{page.Headings.First()}]({name})\n", listed, StringComparison.Ordinal);
        }

        Assert.All(ListedPage().Matches(listed), link => Assert.True(File.Exists(Path.Combine(Docs, link.Groups["page"].Value)), link.Value));
    }

    [GeneratedRegex(@"\]\((?<page>[^)]+)\)")]
    private static partial Regex ListedPage();

    [GeneratedRegex(@"\A# (?<number>\d{4}): (?<subject>[A-Z0-9a-z/].+)\n\nStatus: (?<status>(accepted|replaced by|withdrawn).*)\. Date: (?<date>\d{4}-\d\d-\d\d)\.\n\n")]
    private static partial Regex Decision();
}
