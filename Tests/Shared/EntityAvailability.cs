using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>When Home Assistant takes an entity of a device message for available, by its documented rules.</summary>
/// <param name="Key">Of the component.</param>
/// <param name="Topics">Its <c>availability</c> list, or the device's where it has none.</param>
/// <param name="Mode"><c>all</c>, <c>any</c> or <c>latest</c>.</param>
public sealed partial record EntityAvailability(string Key, IReadOnlyList<JsonObject> Topics, string Mode)
{
    /// <summary>All entities of a discovery message; those that it marks as removed are left out.</summary>
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

    /// <summary>What Home Assistant makes of the last payload of each topic.</summary>
    /// <param name="payloads">By topic; a topic that nothing was received on is left out.</param>
    public bool IsAvailable(IReadOnlyDictionary<string, string> payloads)
    {
        // Without a topic an entity is always available; with one it is not until a payload was understood.
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

    // Of Jinja's language only what the messages use; anything else must not pass unseen.
    private static string Render(string? template, string payload) => template is null ? payload
        : Choice().Match(template) is { Success: true } choice
            ? (payload == choice.Groups["when"].Value ? choice.Groups["then"].Value : choice.Groups["otherwise"].Value)
        : throw new NotSupportedException($"This template is not understood here: {template}");

    [GeneratedRegex(@"^\{\{ '(?<then>[^']*)' if value == '(?<when>[^']*)' else '(?<otherwise>[^']*)' \}\}$")]
    private static partial Regex Choice();
}
