using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Contracts;

/// <summary>Describes JSON documents by every member's path and type, without the values.</summary>
internal static class JsonShape
{
    /// <summary>Returns one line <c>path: type</c> for each member. The elements of a list share one path.</summary>
    /// <param name="name">The first part of each path.</param>
    /// <param name="json">The document.</param>
    /// <param name="generalize">Replaces names that come from the configuration.</param>
    public static IEnumerable<string> Of(string name, string json, Func<string, string>? generalize = null)
    {
        using var document = JsonDocument.Parse(json);
        return [.. Lines(name, document.RootElement, generalize ?? (key => key)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Returns the requirements of a JSON Schema: one line for each keyword, without titles and descriptions.</summary>
    public static IEnumerable<string> OfSchema(string name, string json) => Keywords(name, JsonNode.Parse(json)!, isSchema: true);

    private static IEnumerable<string> Lines(string path, JsonElement element, Func<string, string> generalize) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject()
            .SelectMany(member => Lines($"{path}.{generalize(member.Name)}", member.Value, generalize)).Prepend($"{path}: object"),
        JsonValueKind.Array => element.EnumerateArray()
            .SelectMany(item => Lines($"{path}[]", item, generalize)).Prepend($"{path}: array"),
        JsonValueKind.True or JsonValueKind.False => [$"{path}: boolean"],
        var kind => [$"{path}: {kind.ToString().ToLowerInvariant()}"],
    };

    /// <param name="path">The path of the node.</param>
    /// <param name="node">A schema, or the named members of <c>properties</c>.</param>
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
