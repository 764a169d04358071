using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>One entity of a device message.</summary>
/// <param name="Key">Its key in the message and the end of its unique id. Must never change: Home Assistant would make another entity.</param>
/// <param name="IdName">What its entity id ends with when Home Assistant sees it for the first time. Release 0.1.0 had these words as names, from
/// which Home Assistant made the ids: they stay, whatever the names are now.</param>
/// <param name="Json">Its members, apart from its ids.</param>
internal sealed record AnnouncedComponent(string Key, string IdName, JsonObject Json)
{
    /// <summary>The same with its ids.</summary>
    /// <param name="device">Identifier of its device.</param>
    /// <param name="deviceName">The words that begin the entity id.</param>
    public JsonObject ToJson(string device, string deviceName)
    {
        Json["unique_id"] = $"{device}.{Key}";
        Json["default_entity_id"] = $"{Json["platform"]}.{Slug($"{deviceName} {IdName}")}";
        return Json;
    }

    /// <summary>As Home Assistant makes ids of names: small letters and digits, with one underscore for anything between.</summary>
    internal static string Slug(string name) => string.Join(
        '_',
        new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
