using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The order of <c>using</c> lines, as <c>dotnet format</c> sorts them: namespaces, then static types, then aliases,
/// with <c>System</c> first in each group. The compiler checks all other formatting (IDE0055, IDE0005); this is the only rule
/// for which the formatter has to load every project, which takes minutes.</summary>
public sealed partial class ImportOrderTests
{
    public static TheoryData<string> Folders => ["Inference", "Connectors", "Actors", "Deploy", "Tests"];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Imports_are_sorted_as_the_formatter_sorts_them(string folder)
    {
        var unsorted = Repository.Sources(folder).Select(Unsorted).OfType<string>();

        Assert.True(!unsorted.Any(), $"Run 'dotnet format MobileVlm.Edge.sln': {string.Join("; ", unsorted)}");
    }

    [Theory]
    [InlineData("using MobileVlm.Edge.Inference;", "using System.Text;")]
    [InlineData("using Akka.Actor;", "using Akka;")]
    [InlineData("using static System.Math;", "using Akka;")]
    [InlineData("using Level = Akka.Event.LogLevel;", "using static System.Math;")]
    [InlineData("using Xunit;", "using Akka.Actor;")]
    public void An_unsorted_file_is_named(params string[] lines) =>
        Assert.Equal("Some.cs (line 2)", Unsorted(new SourceFile("Some.cs", [.. lines, "", "namespace Some;"])));

    private static string? Unsorted(SourceFile file)
    {
        var imports = file.Lines
            .TakeWhile(line => !line.StartsWith("namespace ", StringComparison.Ordinal))
            .Select((line, i) => (Number: i + 1, Match: Import().Match(line)))
            .Where(line => line.Match.Success)
            .ToList();

        for (var i = 1; i < imports.Count; i++)
        {
            if (Compare(imports[i - 1].Match, imports[i].Match) > 0)
            {
                return $"{file.Path} (line {imports[i].Number})";
            }
        }

        return null;
    }

    private static int Compare(Match first, Match second)
    {
        var (left, right) = (Key(first), Key(second));
        return left.Group != right.Group ? left.Group - right.Group
            : left.System != right.System ? (left.System ? -1 : 1)
            : CompareParts(left.Name.Split('.'), right.Name.Split('.'));
    }

    private static (int Group, bool System, string Name) Key(Match import)
    {
        var name = import.Groups["alias"].Success ? import.Groups["alias"].Value : import.Groups["name"].Value;
        var group = import.Groups["alias"].Success ? 2 : import.Groups["static"].Success ? 1 : 0;
        return (group, group < 2 && (name == "System" || name.StartsWith("System.", StringComparison.Ordinal)), name);
    }

    private static int CompareParts(string[] left, string[] right)
    {
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            if (string.Compare(left[i], right[i], StringComparison.OrdinalIgnoreCase) is var order and not 0)
            {
                return order;
            }
        }

        return left.Length - right.Length;
    }

    [GeneratedRegex(@"^(?:global )?using (?:(?<static>static) |(?<alias>\w+) = )?(?<name>[\w.]+);")]
    private static partial Regex Import();
}
