using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>What a release states about itself: its version in one place, its changes, and the packages that it contains.</summary>
public sealed partial class ReleaseFileTests
{
    private static readonly string Version = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props"))
        .Descendants("Version").Single().Value;

    [Fact]
    public void The_version_is_stated_once()
    {
        Assert.DoesNotContain(Repository.Projects(), project =>
            XDocument.Load(project).Descendants().Any(it => it.Name.LocalName is "Version" or "VersionPrefix" or "AssemblyVersion" or "InformationalVersion"));

        // A name of a package file that holds a number is wrong after the next release.
        var files = Repository.Pages().Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "Deploy", "packaging"), "*", SearchOption.AllDirectories));
        Assert.Empty(from file in files
                     from match in PackageFile().Matches(File.ReadAllText(file))
                     select $"{Path.GetRelativePath(Repository.Root, file)}: {match.Value}");
    }

    [Fact]
    public void The_change_log_has_the_version_and_what_is_not_released_yet()
    {
        string[] headings = [.. new MarkdownPage(Path.Combine(Repository.Root, "CHANGELOG.md")).Headings];
        Assert.Equal("Changelog", headings[0]);
        Assert.Equal("Unreleased", headings[1]);
        string[] groups = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
        Assert.All(headings[2..].Except(groups), heading => Assert.Matches(@"^\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$", heading));
        Assert.Contains(headings, heading => heading.StartsWith($"{Version} - ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_notice_lists_every_package_of_the_program_with_its_licence()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "NOTICE")).Select(line => NoticeRow().Match(line)).Where(row => row.Success)
            .ToDictionary(row => row.Groups["package"].Value, row => row.Groups["licence"].Value);
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "mobilevlm.deps.json")));
        var packages = manifest.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(it => it.Value.GetProperty("type").GetString() == "package").Select(it => it.Name.Split('/')).ToList();

        Assert.Equal(packages.Select(it => it[0]).Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        Assert.Contains(packages, it => DeclaredLicence(it[0], it[1]) is not null);
        Assert.All(packages, it =>
        {
            // Packages that name a file instead were read by hand.
            if (DeclaredLicence(it[0], it[1]) is { } declared)
            {
                Assert.Equal(declared, rows[it[0]]);
            }
        });
    }

    /// <summary>The licence expression in the metadata of a restored package; null if it has none.</summary>
    private static string? DeclaredLicence(string package, string version)
    {
        var root = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var file = Path.Combine(root, package.ToLowerInvariant(), version.ToLowerInvariant(), $"{package.ToLowerInvariant()}.nuspec");
        Assert.True(File.Exists(file), $"The package {package} {version} is not restored: there is no {file}. NUGET_PACKAGES names another folder.");
        return XDocument.Load(file).Descendants().FirstOrDefault(it => it.Name.LocalName == "license" && it.Attribute("type")?.Value == "expression")?.Value;
    }

    [GeneratedRegex(@"mobilevlm[_-]\d+\.\d+\.\d+[_-]\S*")]
    private static partial Regex PackageFile();

    [GeneratedRegex(@"^(?<package>[A-Z][A-Za-z0-9_.-]+) +(?<licence>Apache-2\.0|MIT|MIT-0|BSD-[23]-Clause)  +\S")]
    private static partial Regex NoticeRow();
}
