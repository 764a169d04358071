using System.Reflection;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    public static readonly string Root = Find();

    /// <summary>What a product project was compiled to.</summary>
    /// <param name="project">Its folder: <c>Inference</c>.</param>
    public static Assembly Assembly(string project) =>
        System.Reflection.Assembly.Load(project == "Deploy" ? "mobilevlm" : $"MobileVlm.Edge.{project}");

    /// <summary>Every C# file of a project, without what the build generated.</summary>
    public static IEnumerable<SourceFile> Sources(string project) =>
        Files(Path.Combine(Root, project), "*.cs").Select(path => new SourceFile(Path.GetRelativePath(Root, path), File.ReadAllLines(path)));

    /// <summary>Every Markdown file, by full path, without what tools installed.</summary>
    public static IEnumerable<string> Pages() => Files(Root, "*.md").Order(StringComparer.Ordinal);

    public static IEnumerable<string> Projects() => Files(Root, "*.csproj").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Where(path =>
            !Path.GetRelativePath(Root, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "artifacts" or "node_modules" || part.StartsWith('.')));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MobileVlm.Edge.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No MobileVlm.Edge.sln above {AppContext.BaseDirectory}.");
    }
}

/// <param name="Path">From the repository's root.</param>
/// <param name="Lines">Its lines, unchanged.</param>
internal sealed record SourceFile(string Path, string[] Lines)
{
    /// <summary>Lines without comments and without the contents of quotes: what the compiler sees as names.</summary>
    public IEnumerable<(int Number, string Code)> Code() => Lines
        .Select((line, i) => (Number: i + 1, Code: WithoutText(line)))
        .Where(line => line.Code.Length > 0);

    private static string WithoutText(string line)
    {
        var text = System.Text.RegularExpressions.Regex.Replace(line, "\"([^\"\\\\]|\\\\.)*\"", "\"\"");
        var comment = text.IndexOf("//", StringComparison.Ordinal);
        return (comment < 0 ? text : text[..comment]).Trim();
    }
}
