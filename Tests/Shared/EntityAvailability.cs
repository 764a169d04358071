using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Whether an entity of a device message is available, by Home Assistant's documented rules.</summary>
/// <param name="Key">The component's key.</param>
/// <param name="Topics">The component's <c>availability</c> list, or the device's if it has none.</param>
/// <param name="Mode"><c>all</c>, <c>any</c> or <c>latest</c>.</param>
public sealed partial record EntityAvailability(string Key, IReadOnlyList<JsonObject> Topics, string Mode)
{
    /// <summary>Reads all entities of a discovery message, except those that it marks as removed.</summary>
    public static IReadOnlyList<EntityAvailability> Of(ReadOnlySpan<byte> message)
    {
        var device = JsonNode.Parse(message)!.AsObject();
        return [.. device["components"]!.AsObject()
            .Where(it => it.Value!.AsObject().Any(member => member.Key != "platform"))
            .Select(it => new EntityAvailability(
                it.Key,
                [.. (it.Value!["availability"] ?? device["availability"])?.AsArray().Select(topic => topic!.AsObject()) ?? []],
                (it.Value!["availability_mode"] ?? device["availability_mode"])?.ToString() ?? "latest"))];
    }

    /// <summary>Whether the entity is available.</summary>
    /// <param name="payloads">The last payload of each topic; topics without a message are left out.</param>
    public bool IsAvailable(IReadOnlyDictionary<string, string> payloads)
    {
        // Without a topic an entity is always available; with one it is unavailable until a valid payload arrives.
        var states = Topics.Select(topic => payloads.TryGetValue(topic["topic"]!.ToString(), out var payload) && IsOnline(topic, payload));
        return Topics.Count == 0 || (Mode == "any" ? states.Any(it => it) : Mode == "all" ? states.All(it => it)
            : throw new NotSupportedException($"{Key}: with several topics, 'latest' depends on the order of messages."));
    }

    private bool IsOnline(JsonObject topic, string payload)
    {
        var value = Render(topic["value_template"]?.ToString(), payload);
        var online = topic["payload_available"]?.ToString() ?? "online";
        var offline = topic["payload_not_available"]?.ToString() ?? "offline";
        return value == online || (value == offline ? false
            : throw new InvalidOperationException(
                $"{Key}: Home Assistant ignores '{value}' on {topic["topic"]}: it is neither '{online}' nor '{offline}'."));
    }

    // Supports only the part of Jinja that the messages use; anything else is an error.
    private static string Render(string? template, string payload) => template is null ? payload
        : Choice().Match(template) is { Success: true } choice
            ? (payload == choice.Groups["when"].Value ? choice.Groups["then"].Value : choice.Groups["otherwise"].Value)
        : throw new NotSupportedException($"This template is not supported here: {template}");

    [GeneratedRegex(@"^\{\{ '(?<then>[^']*)' if value == '(?<when>[^']*)' else '(?<otherwise>[^']*)' \}\}$")]
    private static partial Regex Choice();
}
