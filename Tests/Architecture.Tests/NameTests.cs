using System.CodeDom.Compiler;
using System.Reflection;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>Types and members have the field's names: none of the metaphors that the code once had.</summary>
public sealed partial class NameTests
{
    /// <summary>Words without an honest technical use here, and what is meant instead.</summary>
    private static readonly Dictionary<string, string> Metaphors = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Look"] = "encode, read or check",
        ["Looks"] = "encode, read or check",
        ["Think"] = "decode or answer",
        ["Thinks"] = "decode or answer",
        ["Walk"] = "in-flight frame, pipeline",
        ["Walks"] = "in-flight frame, pipeline",
        ["Desk"] = "evaluators, request handler",
        ["Board"] = "states, registry",
        ["Sheet"] = "batch",
        ["Seat"] = "entry",
        ["Seats"] = "entries",
        ["Keeper"] = "store",
        ["Doorbell"] = "wake signal",
        ["Inbox"] = "commands",
        ["Trunk"] = "prefix",
        ["Branch"] = "sequence",
        ["Branches"] = "sequences",
        ["Wanted"] = "requested",
        ["Many"] = "prefill, batch",
        ["Guess"] = "draft",
        ["Guesses"] = "drafts",
        ["Guessed"] = "drafted",
        ["Room"] = "project, layer or space",
        ["Rooms"] = "projects, layers",
        ["Box"] = "machine, device or host",
        ["Boxes"] = "machines, devices or hosts",
        ["Mend"] = "fix, repair",
        ["Judge"] = "evaluate",
        ["Judges"] = "evaluate",
        ["Hire"] = "start, create",
        ["Crew"] = "children",
        ["Tell"] = "report, publish",
        ["Tells"] = "report, publish",
        ["Told"] = "reported, published",
        ["Hear"] = "receive",
        ["Heard"] = "received",
        ["Say"] = "report, write",
        ["Says"] = "report, write",
        ["Said"] = "reported, previous",
        ["Sit"] = "start",
        ["Peer"] = "llama.cpp, remote host",
        ["Likeliest"] = "most likely",
        ["Outlies"] = "outlier",
        ["Outlying"] = "outlier",
        ["Stranger"] = "untrusted sender",
        ["Strangers"] = "untrusted senders",
    };

    public static TheoryData<string> Projects => ["Inference", "Connectors", "Actors", "Deploy"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_type_or_member_has_a_metaphor_for_a_name(string project)
    {
        const BindingFlags All = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var names = Repository.Assembly(project).GetTypes()
            .Where(type => type.Namespace?.StartsWith("MobileVlm.", StringComparison.Ordinal) == true && !type.Name.Contains('<', StringComparison.Ordinal))
            .Where(type => type.GetCustomAttribute<GeneratedCodeAttribute>() is null)
            .SelectMany(type => type.GetMembers(All).Where(member => member is not MethodInfo { IsSpecialName: true }).Select(member => $"{type.Name}.{member.Name}").Append(type.Name))
            .Where(name => !name.Contains('<', StringComparison.Ordinal) && !name.Contains(".__", StringComparison.Ordinal))
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        Assert.True(names.Count > 100, $"Only {names.Count} names were found.");
        var wrong = names
            .Select(name => (Name: name, Words: Word().Matches(name.Split('.')[^1]).Select(match => match.Value).Where(Metaphors.ContainsKey).ToList()))
            .Where(name => name.Words.Count > 0)
            .ToList();
        var described = wrong.Select(name => $"{name.Name}: {string.Join("; ", name.Words.Select(word => $"not '{word}', but {Metaphors[word]}"))}").ToList();
        Assert.True(described.Count == 0, string.Join('\n', described));
    }

    /// <summary>The words of a camel-case name.</summary>
    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")]
    private static partial Regex Word();
}
