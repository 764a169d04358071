using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The arrows between the rooms: Deploy sees Actors, Actors sees Inference and Connectors, and these two have
/// never heard of each other. Checked in what the compiler referenced, in what the source names and in what the
/// projects ask for, since each of them alone can be got around.</summary>
public sealed class RoomTests
{
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

    private static readonly Dictionary<string, string[]> RoomsSeen = new()
    {
        ["Inference"] = [],
        ["Connectors"] = [],
        ["Actors"] = ["Connectors", "Inference"],
        ["Deploy"] = ["Actors", "Connectors", "Inference"],
    };

    public static TheoryData<string> Rooms => ["Inference", "Connectors", "Actors"];

    public static TheoryData<string> RoomsAndDeploy => ["Inference", "Connectors", "Actors", "Deploy"];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void The_assembly_of_a_room_references_only_what_the_room_may_know(string room)
    {
        var references = Assembly.Load($"MobileVlm.Edge.{room}").GetReferencedAssemblies().Select(a => a.Name!);
        Assert.DoesNotContain(references, name => Forbidden[room].Any(f => IsOf(name, f)));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void The_source_of_a_room_names_only_what_the_room_may_know(string room)
    {
        var named = new Regex(
            $@"\b({string.Join('|', Forbidden[room].Where(f => f != "mobilevlm").Select(Regex.Escape))})(\.|;)", RegexOptions.CultureInvariant);
        var found = from file in Repository.Sources(room)
                    from line in file.Code()
                    where named.IsMatch(line.Code)
                    select $"{file.Path}:{line.Number}: {line.Code}";
        Assert.Empty(found);
    }

    [Theory]
    [MemberData(nameof(RoomsAndDeploy))]
    public void The_project_of_a_room_references_the_rooms_below_it_and_no_others(string room)
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, room, $"MobileVlm.Edge.{room}.csproj"));
        var seen = project.Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value).Split('.')[^1])
            .Order(StringComparer.Ordinal);
        Assert.Equal(RoomsSeen[room], seen);

        var packages = project.Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value);
        Assert.DoesNotContain(packages, name => Forbidden.GetValueOrDefault(room, []).Any(f => IsOf(name, f)));
    }

    [Theory]
    [MemberData(nameof(RoomsAndDeploy))]
    public void Every_file_is_in_the_namespace_of_its_folder(string room)
    {
        var wrong = from file in Repository.Sources(room)
                    let folder = Path.GetDirectoryName(file.Path)!.Replace(Path.DirectorySeparatorChar, '.')
                    let line = file.Lines.FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal))
                    where line is not null && line != $"namespace MobileVlm.Edge.{folder};"
                    select $"{file.Path}: {line}";
        Assert.Empty(wrong);
    }

    /// <summary>What answers about pictures does not need what imports checkpoints. One exception's type is shared: a weight
    /// that float16 cannot hold is an error of the checkpoint.</summary>
    [Fact]
    public void Run_time_code_of_inference_does_not_use_the_importer()
    {
        var users = from file in Repository.Sources("Inference")
                    where !file.Path.StartsWith("Inference/Import/", StringComparison.Ordinal)
                        && file.Path != "Inference/Onnx/OnnxGraph.Activations.cs"
                    from line in file.Code()
                    where line.Code.Contains("Inference.Import", StringComparison.Ordinal)
                    select $"{file.Path}:{line.Number}: {line.Code}";
        Assert.Empty(users);
    }

    [Theory]
    [MemberData(nameof(RoomsAndDeploy))]
    public void Nothing_is_left_to_be_written(string room)
    {
        var left = from file in Repository.Sources(room)
                   from line in file.Lines.Select((text, i) => (Number: i + 1, Text: text))
                   where Regex.IsMatch(line.Text, @"NotImplementedException|\b(TODO|FIXME|HACK|XXX)\b", RegexOptions.CultureInvariant)
                   select $"{file.Path}:{line.Number}: {line.Text.Trim()}";
        Assert.Empty(left);
    }

    [Theory]
    [MemberData(nameof(RoomsAndDeploy))]
    public void Nothing_is_caught_to_be_silenced(string room)
    {
        var silenced = from file in Repository.Sources(room)
                       let code = string.Join('\n', file.Code().Select(line => line.Code))
                       from Match match in Regex.Matches(code, @"\bcatch\b[^{;]*\{\s*\}", RegexOptions.CultureInvariant)
                       select $"{file.Path}: {match.Value}";
        Assert.Empty(silenced);
    }

    private static bool IsOf(string name, string root) =>
        name == root || name.StartsWith($"{root}.", StringComparison.Ordinal)
        || (root == "OpenCvSharp" && name.StartsWith(root, StringComparison.Ordinal));
}
