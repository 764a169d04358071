using System.Diagnostics;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>Every relative link of the documentation leads to a file, and to a heading where it names one, both in the repository
/// and as the packages install it.</summary>
public sealed class DocumentationLinkTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-links-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_link_of_the_repository_leads_somewhere()
    {
        var pages = Repository.Pages().ToList();
        Assert.True(pages.Count > 80, $"Only {pages.Count} pages were found.");
        Assert.Equal([], Broken(Repository.Root, pages));
    }

    [Fact]
    public void Every_link_of_the_installed_documentation_leads_somewhere()
    {
        var installed = Path.Combine(_folder, "mobilevlm");
        using var script = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { Path.Combine(Repository.Root, "Deploy", "packaging", "documentation.sh"), installed },
            RedirectStandardError = true,
        })!;
        var errors = script.StandardError.ReadToEnd();
        script.WaitForExit();
        Assert.True(script.ExitCode == 0, errors);

        var pages = Directory.EnumerateFiles(installed, "*.md", SearchOption.AllDirectories).ToList();
        var source = Directory.EnumerateFiles(Path.Combine(Repository.Root, "Deploy", "docs"), "*", SearchOption.AllDirectories);
        Assert.All(source, file => Assert.True(
            File.Exists(Path.Combine(installed, Path.GetRelativePath(Path.Combine(Repository.Root, "Deploy", "docs"), file))), file));
        Assert.DoesNotContain(pages, page => File.ReadAllText(page).Contains("(OUTSIDE)", StringComparison.Ordinal));
        Assert.Equal([], Broken(installed, pages));
    }

    [Theory]
    [InlineData("[a](other.md)")]
    [InlineData("[a](page.md#nothing)")]
    [InlineData("[a](#nothing)")]
    [InlineData("![a](picture.png)")]
    [InlineData("<img src=\"picture.svg\">")]
    [InlineData("[a](../page.md)")]
    public void A_link_that_leads_nowhere_is_found(string link)
    {
        File.WriteAllText(Path.Combine(_folder, "page.md"), $"# The page: `code` and more\n\nText {link}\n");
        Assert.Single(Broken(_folder, [Path.Combine(_folder, "page.md")]));
    }

    [Theory]
    [InlineData("[a](#the-page-code-and-more)")]
    [InlineData("[a](#the-page-code-and-more-1)")]
    [InlineData("[a](page.md#the-page-code-and-more)")]
    [InlineData("[a](https://example.org/x.md)")]
    [InlineData("`[a](other.md)`")]
    [InlineData("\n```\n[a](other.md)\n```")]
    public void A_link_that_leads_somewhere_is_accepted(string link)
    {
        const string Heading = "# The page: `code` and more";
        File.WriteAllText(Path.Combine(_folder, "page.md"), $"{Heading}\n\nText {link}\n\n{Heading}\n");
        Assert.Empty(Broken(_folder, [Path.Combine(_folder, "page.md")]));
    }

    private static List<string> Broken(string root, IEnumerable<string> files)
    {
        var pages = files.ToDictionary(file => file, file => new MarkdownPage(file));
        return [.. pages.Values.ToList().SelectMany(page => page.BrokenLinks(root, pages))];
    }
}
