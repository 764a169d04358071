using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>The answer where a client asks for JSON without a schema.</summary>
internal static class AnyObject
{
    /// <summary>The text as a JSON object: itself if it is one, otherwise in the member <c>answer</c>.</summary>
    public static string Of(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject written ? written.ToJsonString() : Wrap(text);
        }
        catch (JsonException)
        {
            return Wrap(text);
        }
    }

    private static string Wrap(string text) => new JsonObject { ["answer"] = text.Trim() }.ToJsonString();
}
