using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>What the projects and their folders may use: Deploy uses Actors, Actors uses Inference and Connectors, and these
/// two share nothing. Checked in what the compiler referenced, in what the source names and in what the projects reference,
/// because each check alone can be evaded.</summary>
public sealed class ProjectRuleTests
{
    private const int MaxFilesPerFolder = 25;

    private static readonly Dictionary<string, string[]> Forbidden = new()
    {
        ["Inference"] =
        [
            "Akka", "OpenCvSharp", "SkiaSharp", "MQTTnet", "Microsoft.Extensions.Configuration",
            "MobileVlm.Edge.Connectors", "MobileVlm.Edge.Actors", "MobileVlm.Edge.Deploy", "mobilevlm",
        ],
        ["Connectors"] =
        [
            "Akka", "Microsoft.ML", "Microsoft.Extensions.Configuration",
            "MobileVlm.Edge.Inference", "MobileVlm.Edge.Actors", "MobileVlm.Edge.Deploy", "mobilevlm",
        ],
        ["Actors"] =
        [
            "OpenCvSharp", "SkiaSharp", "MQTTnet", "Microsoft.ML", "Microsoft.Extensions.Configuration",
            "MobileVlm.Edge.Deploy", "mobilevlm",
        ],
    };

    private static readonly Dictionary<string, string[]> ReferencedProjects = new()
    {
        ["Inference"] = [],
        ["Connectors"] = [],
        ["Actors"] = ["Connectors", "Inference"],
        ["Deploy"] = ["Actors", "Connectors", "Inference"],
    };

    /// <summary>Who may use Inference/Import besides itself: what the user runs to import a model.</summary>
    private static readonly string[] UsersOfImport = ["Inference/Import/", "Deploy/Commands/", "Deploy/Pull/"];

    public static TheoryData<string> Libraries => ["Inference", "Connectors", "Actors"];

    public static TheoryData<string> Projects => ["Inference", "Connectors", "Actors", "Deploy"];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_compiled_project_references_only_what_it_may(string project)
    {
        var references = Repository.Assembly(project).GetReferencedAssemblies().Select(a => a.Name!);
        Assert.DoesNotContain(references, name => Forbidden[project].Any(f => IsOf(name, f)));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_source_of_a_project_names_only_what_it_may(string project)
    {
        var named = new Regex(
            $@"\b({string.Join('|', Forbidden[project].Where(f => f != "mobilevlm").Select(Regex.Escape))})(\.|;)", RegexOptions.CultureInvariant);
        var found = from file in Repository.Sources(project)
                    from line in file.Code()
                    where named.IsMatch(line.Code)
                    select $"{file.Path}:{line.Number}: {line.Code}";
        Assert.Empty(found);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_the_projects_below_it_and_no_others(string project)
    {
        var file = XDocument.Load(Path.Combine(Repository.Root, project, $"MobileVlm.Edge.{project}.csproj"));
        var referenced = file.Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value).Split('.')[^1])
            .Order(StringComparer.Ordinal);
        Assert.Equal(ReferencedProjects[project], referenced);

        var packages = file.Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value);
        Assert.DoesNotContain(packages, name => Forbidden.GetValueOrDefault(project, []).Any(f => IsOf(name, f)));
    }

    /// <summary>No project is below both of them, so a shared type would have to come from a shared source file.</summary>
    [Fact]
    public void Inference_and_connectors_share_no_type()
    {
        Assert.Empty(ReferencedProjects["Inference"].Concat(ReferencedProjects["Connectors"]));
        var own = Repository.Assembly("Inference").GetTypes().Where(IsOurs).Select(type => type.FullName);
        Assert.Empty(own.Intersect(Repository.Assembly("Connectors").GetTypes().Where(IsOurs).Select(type => type.FullName)));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Every_file_is_in_the_namespace_of_its_folder(string project)
    {
        var wrong = from file in Repository.Sources(project)
                    let folder = Path.GetDirectoryName(file.Path)!.Replace(Path.DirectorySeparatorChar, '.')
                    let line = file.Lines.FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal))
                    where line is not null && line != $"namespace MobileVlm.Edge.{folder};"
                    select $"{file.Path}: {line}";
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Only_the_commands_that_import_models_use_the_importer(string project)
    {
        var users = from file in Repository.Sources(project)
                    where !UsersOfImport.Any(folder => file.Path.StartsWith(folder, StringComparison.Ordinal))
                    from line in file.Code()
                    where line.Code.Contains("Inference.Import", StringComparison.Ordinal)
                    select $"{file.Path}:{line.Number}: {line.Code}";
        Assert.Empty(users);
    }

    /// <summary>A feature is a folder of a project with its subfolders, which may use each other; in Inference/Import each folder is
    /// one.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Features_do_not_use_each_other_in_cycles(string project)
    {
        var graph = FeatureGraph.Read(project, Repository.Assembly(project));
        Assert.NotEmpty(graph.Uses);
        Assert.Empty(graph.Cycles().Select(cycle =>
        {
            var names = cycle.Split(", ");
            var uses = graph.Uses.Where(use => names.Contains(use.Key.From) && names.Contains(use.Key.To));
            return $"{cycle} use each other:\n{string.Join('\n', uses.Select(use => $"  {use.Key.From} -> {use.Key.To}: {use.Value}"))}";
        }));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_folder_holds_more_files_than_can_be_surveyed(string project)
    {
        var large = Repository.Sources(project)
            .GroupBy(file => Path.GetDirectoryName(file.Path)!.Replace(Path.DirectorySeparatorChar, '/'))
            .Where(folder => folder.Count() > MaxFilesPerFolder)
            .Select(folder => $"{folder.Key}: {folder.Count()}");
        Assert.Empty(large);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Nothing_is_left_to_be_written(string project)
    {
        var left = from file in Repository.Sources(project)
                   from line in file.Lines.Select((text, i) => (Number: i + 1, Text: text))
                   where Regex.IsMatch(line.Text, @"NotImplementedException|\b(TODO|FIXME|HACK|XXX)\b", RegexOptions.CultureInvariant)
                   select $"{file.Path}:{line.Number}: {line.Text.Trim()}";
        Assert.Empty(left);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_exception_is_caught_and_ignored(string project)
    {
        var silenced = from file in Repository.Sources(project)
                       let code = string.Join('\n', file.Code().Select(line => line.Code))
                       from Match match in Regex.Matches(code, @"\bcatch\b[^{;]*\{\s*\}", RegexOptions.CultureInvariant)
                       select $"{file.Path}: {match.Value}";
        Assert.Empty(silenced);
    }

    private static bool IsOurs(Type type) => type.FullName!.StartsWith("MobileVlm.", StringComparison.Ordinal);

    private static bool IsOf(string name, string root) =>
        name == root || name.StartsWith($"{root}.", StringComparison.Ordinal)
        || (root == "OpenCvSharp" && name.StartsWith(root, StringComparison.Ordinal));
}
