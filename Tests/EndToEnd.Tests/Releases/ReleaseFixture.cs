using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Releases;

/// <summary>Files that the program of an earlier release wrote, in <c>Tests/Fixtures</c>. They are never changed: tests use
/// copies.</summary>
internal static class ReleaseFixture
{
    public const string Release = "0.1.0";

    private static readonly string Root = Path.Combine(DemoModel.Repository, "Tests", "Fixtures");

    /// <summary>Every model folder of every release.</summary>
    public static IEnumerable<string> Models =>
        Directory.GetDirectories(Root).Select(release => Path.Combine(release, "models")).Where(Directory.Exists)
            .SelectMany(Directory.GetDirectories)
            .Select(folder => Path.GetRelativePath(Root, folder)).Order(StringComparer.Ordinal);

    public static string Model(string name) => Path.Combine(Root, name);

    /// <summary>Copies one run's state folder.</summary>
    /// <param name="run"><c>killed</c> or <c>stopped</c>.</param>
    /// <param name="target">The folder to create.</param>
    public static void CopyState(string run, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.GetFiles(Path.Combine(Root, Release, run)))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }
    }

    /// <summary>The ids and topics of the waiting events, in the order in which the program of that release logged them.</summary>
    public static IReadOnlyList<(string Id, string Topic)> Kept(string run) =>
        [.. File.ReadAllLines(Path.Combine(Root, Release, run, "kept.txt")).Select(line => line.Split(' ')).Select(it => (it[0], it[1]))];

    /// <summary>The known states in <c>questions.json</c>, by question, and when each was last confirmed.</summary>
    public static IReadOnlyDictionary<string, (string Value, DateTimeOffset At)> States(string run)
    {
        var file = File.ReadAllBytes(Path.Combine(Root, Release, run, "questions.json"));
        return JsonNode.Parse(file)!["standings"]!.AsObject()
            .Select(entry => (Question: entry.Key.Split('/')[1], State: entry.Value!["standing"]!))
            .Where(it => it.State["value"]?.GetValueKind() == JsonValueKind.String)
            .ToDictionary(
                it => it.Question,
                it => (it.State["value"]!.ToString(), it.State["lastKnownAt"]!.GetValue<DateTimeOffset>()));
    }
}
