using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>Writes Deploy/docs/messages.md: the members of every JSON message, from the schemas.</summary>
internal static class MessageReference
{
    private static readonly string[] Schemas = ["answer", "event", "ask", "reply", "stats"];

    /// <summary>Members that mean the same in every message and that no schema describes again.</summary>
    private static readonly Dictionary<string, string> Common = new(StringComparer.Ordinal)
    {
        ["v"] = "Version of the format.",
        ["node"] = "Name of the service that sent it: `Node` in its configuration.",
        ["camera"] = "Name of the camera.",
        ["question"] = "Name of the question.",
        ["ask"] = "The question's text.",
        ["model"] = "Name of the model.",
    };

    /// <param name="folder">The folder of the schemas.</param>
    /// <returns>The page.</returns>
    public static string Page(string folder)
    {
        var page = new StringWriter { NewLine = "\n" };
        page.WriteLine("# Messages");
        page.WriteLine();
        page.WriteLine("<!-- Written by: dotnet run --project Tests/Tools/Documents -c Release -- messages -->");
        page.WriteLine();
        page.WriteLine("The members of each JSON message, from its schema. A member in bold is always there; members that are not listed here may be added, so ignore what you do not know. Topics: [topics.md](topics.md).");
        foreach (var name in Schemas)
        {
            var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, $"{name}.schema.json")))!.AsObject();
            page.WriteLine();
            page.WriteLine($"## {schema["title"]}");
            page.WriteLine();
            page.WriteLine($"{schema["description"]?.ToString().Replace("<", "\\<", StringComparison.Ordinal)} Schema: [{name}.schema.json](schemas/{name}.schema.json).");
            page.WriteLine();
            page.WriteLine("| Member | Type | Meaning |");
            page.WriteLine("| --- | --- | --- |");
            Members(page, schema, "");
        }

        return page.ToString();
    }

    private static void Members(StringWriter page, JsonObject schema, string prefix)
    {
        var required = schema["required"]?.AsArray().Select(it => it!.ToString()).ToHashSet() ?? [];
        foreach (var (name, node) in schema["properties"]?.AsObject() ?? [])
        {
            var member = node!.AsObject();
            var mark = required.Contains(name) ? "**" : "";
            page.WriteLine($"| {mark}`{prefix}{name}`{mark} | {Type(member)} | {Escaped(member["description"]?.ToString() ?? (prefix.Length == 0 ? Common.GetValueOrDefault(name, "") : ""))} |");
            Members(page, member, $"{prefix}{name}.");
            if (member["additionalProperties"] is JsonObject values && values["properties"] is not null)
            {
                Members(page, values, $"{prefix}{name}.NAME.");
            }
        }
    }

    private static string Type(JsonObject member)
    {
        if (member["const"] is { } constant)
        {
            return $"`{constant.ToJsonString().Trim('"')}`";
        }

        if (member["enum"] is JsonArray choices)
        {
            return string.Join(", ", choices.Select(it => it is null ? "null" : $"`{it.ToJsonString().Trim('"')}`"));
        }

        var type = member["type"] switch
        {
            JsonArray types => string.Join(" or ", types.Select(it => it!.ToString())),
            { } one => one.ToString(),
            null => "any",
        };
        return (member["minimum"], member["maximum"]) switch
        {
            ({ } least, { } most) => $"{type}, {least.ToJsonString()} to {most.ToJsonString()}",
            ({ } least, null) => $"{type}, at least {least.ToJsonString()}",
            _ => type,
        };
    }

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "\\<", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal);
}
