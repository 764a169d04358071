using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>README states measured numbers only: each one of its section about speed is in the register of public numbers
/// (<c>Deploy/docs/numbers.md</c>), in a row of the kind "measured here".</summary>
public sealed partial class PublicNumberTests
{
    [Fact]
    public void Each_number_about_speed_in_the_readme_is_registered_as_measured()
    {
        string[] measured = [.. File.ReadAllLines(Path.Combine(Repository.Root, "Deploy", "docs", "numbers.md"))
            .Where(line => line.StartsWith('|') && line.Contains("| measured here |", StringComparison.Ordinal))];
        string[] stated = [.. Quantity().Matches(Section("README.md", "Speed")).Select(match => match.Value).Distinct()];

        Assert.True(stated.Length >= 10, $"Only {stated.Length} numbers were found.");
        string[] missing = [.. stated.Where(number => !measured.Any(row => Regex.IsMatch(row, $@"(?<![\d.]){Regex.Escape(number)}(?!\w)")))];
        Assert.Equal([], missing);
    }

    [Fact]
    public void The_readme_estimates_nothing()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        Assert.DoesNotMatch(@"(?i)\b(estimat\w+|computed from|expected to)\b", text);
    }

    [Fact]
    public void Each_row_of_the_register_has_a_known_kind_and_a_source()
    {
        string[][] rows = [.. File.ReadAllLines(Path.Combine(Repository.Root, "Deploy", "docs", "numbers.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells[0] is not ("Number" or "---"))];
        Assert.True(rows.Length > 15, $"Only {rows.Length} rows were found.");
        Assert.All(rows, cells =>
        {
            Assert.Equal(4, cells.Length);
            Assert.Matches("^(measured here|taken over|estimated)", cells[2]);
            Assert.NotEqual("", cells[3]);
        });
    }

    private static string Section(string file, string heading) => string.Join('\n', File.ReadAllLines(Path.Combine(Repository.Root, file))
        .SkipWhile(line => line != $"## {heading}").Skip(1)
        .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)));

    [GeneratedRegex(@"\d+(\.\d+)? (ms|s|times|tokens/s|MiB|GiB|GB|%|J|W)(?!\w)")]
    private static partial Regex Quantity();
}
