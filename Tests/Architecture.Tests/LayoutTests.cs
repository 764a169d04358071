using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The repository's layout and its build files.</summary>
public sealed class LayoutTests
{
    private static readonly string[] TopLevel =
    [
        "Actors", "Connectors", "Deploy", "Inference", "Tests", "MobileVlm.Edge.sln", "README.md", "LICENSE", "NOTICE",
        "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", ".gitignore", ".gitattributes", ".ci", ".git",
    ];

    /// <summary>What tools create in a working copy, and git ignores.</summary>
    private static readonly string[] Leftovers = ["artifacts", "TestResults", "BenchmarkDotNet.Artifacts", ".vs", ".vscode", ".idea", "bin", "obj"];

    [Fact]
    public void The_top_level_is_the_one_that_was_agreed()
    {
        var entries = Directory.EnumerateFileSystemEntries(Repository.Root).Select(e => Path.GetFileName(e));
        Assert.Empty(entries.Except(TopLevel).Except(Leftovers));
    }

    [Fact]
    public void The_solution_lists_every_project_and_no_other()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "MobileVlm.Edge.sln"));
        var listed = Regex.Matches(solution, "\"([^\"]+\\.csproj)\"").Select(m => m.Groups[1].Value.Replace('\\', '/'));
        var present = Repository.Projects().Select(p => Path.GetRelativePath(Repository.Root, p).Replace('\\', '/'));
        Assert.Equal(present.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Versions_of_packages_are_decided_in_one_place()
    {
        var central = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"))
            .Descendants("PackageVersion").Select(v => v.Attribute("Include")!.Value).ToList();
        Assert.Equal(central.Distinct().Count(), central.Count);
        Assert.All(Repository.Projects(), path =>
        {
            foreach (var package in XDocument.Load(path).Descendants("PackageReference"))
            {
                Assert.Null(package.Attribute("Version"));
                Assert.Null(package.Attribute("VersionOverride"));
                Assert.Contains(package.Attribute("Include")!.Value, central);
            }
        });
    }

    /// <summary>The generator of log methods takes the parts of one class in an order that changes from build to build
    /// (Microsoft.Extensions.Logging 10.0.15), and then the same sources give different bytes.</summary>
    [Theory]
    [InlineData("Actors")]
    [InlineData("Connectors")]
    [InlineData("Deploy")]
    [InlineData("Inference")]
    public void Log_methods_of_a_class_are_in_one_file(string project)
    {
        var files = Repository.Sources(project)
            .Where(file => file.Lines.Any(line => line.Contains("[LoggerMessage(", StringComparison.Ordinal)))
            .GroupBy(file => file.Path[..(file.Path.LastIndexOf('/') + 1)] + Path.GetFileName(file.Path).Split('.')[0]);
        Assert.All(files, of => Assert.Single(of));
    }

    [Fact]
    public void No_project_softens_the_rules_of_the_repository()
    {
        string[] rules = ["TreatWarningsAsErrors", "Nullable", "TargetFramework", "AnalysisLevel", "EnforceCodeStyleInBuild"];
        Assert.All(Repository.Projects(), path =>
            Assert.DoesNotContain(XDocument.Load(path).Descendants(), e => rules.Contains(e.Name.LocalName)));
    }
}
