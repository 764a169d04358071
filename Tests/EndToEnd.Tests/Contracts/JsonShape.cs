using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Contracts;

/// <summary>The shape of JSON documents: every member's path and type, without the values.</summary>
internal static class JsonShape
{
    /// <summary>One line <c>path: type</c> for each member. The elements of a list share one path.</summary>
    /// <param name="name">Stands in front of each path.</param>
    /// <param name="json">The document.</param>
    /// <param name="generalise">Replaces names that come from the configuration.</param>
    public static IEnumerable<string> Of(string name, string json, Func<string, string>? generalise = null)
    {
        using var document = JsonDocument.Parse(json);
        return [.. Lines(name, document.RootElement, generalise ?? (key => key)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>What a JSON Schema demands: one line for each keyword, without titles and descriptions.</summary>
    public static IEnumerable<string> OfSchema(string name, string json) => Keywords(name, JsonNode.Parse(json)!, isSchema: true);

    private static IEnumerable<string> Lines(string path, JsonElement element, Func<string, string> generalise) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject()
            .SelectMany(member => Lines($"{path}.{generalise(member.Name)}", member.Value, generalise)).Prepend($"{path}: object"),
        JsonValueKind.Array => element.EnumerateArray()
            .SelectMany(item => Lines($"{path}[]", item, generalise)).Prepend($"{path}: array"),
        JsonValueKind.True or JsonValueKind.False => [$"{path}: boolean"],
        var kind => [$"{path}: {kind.ToString().ToLowerInvariant()}"],
    };

    /// <param name="path">So far.</param>
    /// <param name="node">A schema, or the members by name of <c>properties</c>.</param>
    /// <param name="isSchema">Whether the keys are keywords rather than names.</param>
    private static IEnumerable<string> Keywords(string path, JsonNode? node, bool isSchema)
    {
        if (node is not JsonObject keys)
        {
            var text = node is JsonArray list && list.All(item => item is JsonValue)
                ? string.Join(", ", list.Select(item => item!.ToJsonString()).Order(StringComparer.Ordinal))
                : node?.ToJsonString();
            return [$"{path} = {text}"];
        }

        return keys.Where(key => !isSchema || key.Key is not ("title" or "description" or "$comment" or "examples"))
            .SelectMany(key => Keywords(
                $"{path}.{key.Key}", key.Value, isSchema: !(isSchema && key.Key is "properties" or "patternProperties" or "$defs")));
    }
}
