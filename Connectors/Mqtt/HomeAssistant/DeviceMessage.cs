using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>Announces the service and its cameras to Home Assistant: all entities of a device in one message, with keys in full, because the people who
/// read it search for an error.</summary>
public sealed partial class DeviceMessage(NodeTopics topics)
{
    private const string Maker = "MobileVlm.Edge";

    // Home Assistant's word for a state that is not known; a binary sensor would ignore any other.
    private const string UnknownAsNone = "{{ 'None' if value == 'unknown' else value }}";

    // Home Assistant knows two payloads and ignores all others: without the template, `stopped` would leave the entities
    // unchanged.
    private const string OnlineOrOffline = "{{ 'online' if value == 'online' else 'offline' }}";

    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    // A name that occurs twice would be noticed only when it is read.
    private static readonly JsonDocumentOptions Strictly = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private static readonly string Version = typeof(DeviceMessage).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>The camera as a device, as JSON.</summary>
    public byte[] Device(AnnouncedCamera camera) => Bytes(ToJson(camera));

    /// <summary>The device with those entities marked as removed that an earlier message announced and that no longer exist,
    /// or are of another kind now. Home Assistant forgets them; the plain device follows.</summary>
    /// <param name="camera">The camera as it is now.</param>
    /// <param name="before">The earlier message.</param>
    /// <returns>Null when nothing is to be removed.</returns>
    public byte[]? Removal(AnnouncedCamera camera, ReadOnlySpan<byte> before) => Removal(ToJson(camera), before);

    private static byte[]? Removal(JsonObject device, ReadOnlySpan<byte> before)
    {
        var components = device["components"]!.AsObject();
        var gone = Platforms(before)
            .Where(it => components[it.Key] is not { } kept || kept["platform"]!.GetValue<string>() != it.Platform)
            .ToList();
        foreach (var (key, platform) in gone)
        {
            components[key] = new JsonObject { ["platform"] = platform };
        }

        return gone.Count == 0 ? null : Bytes(device);
    }

    /// <summary>The entities that another message announced; empty if it cannot be parsed.</summary>
    private static IEnumerable<(string Key, string Platform)> Platforms(ReadOnlySpan<byte> message)
    {
        try
        {
            return JsonNode.Parse(message, documentOptions: Strictly) is JsonObject root && root["components"] is JsonObject components
                ? [.. components
                    .Select(it => (it.Key, Platform: it.Value is JsonObject component ? component["platform"]?.ToString() : null))
                    .Where(it => it.Platform is not null)
                    .Select(it => (it.Key, it.Platform!))]
                : [];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The latter is what a text gives that is not Unicode.
            return [];
        }
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Readable));

    private JsonObject ToJson(AnnouncedCamera camera)
    {
        var service = camera.Node;
        var id = $"{IdOf(service)}.{camera.Id}";
        var device = DeviceOf(service, id, camera.Id);
        device["via_device"] = IdOf(service);
        if (service.PageUrl is { } page)
        {
            device["configuration_url"] = $"{page}/#/camera/{Uri.EscapeDataString(camera.Id)}";
        }

        return Message(
            device,
            [.. camera.Questions.SelectMany(question => Entities(camera, question)).Concat(Picture(camera)).Concat(View(camera)).Concat(Diagnostics(camera))],
            id,
            $"{service.Node} {camera.Id}",
            new JsonArray(At(topics.Availability), At(topics.CameraAvailability(camera.Id))));
    }

    private static JsonObject Message(
        JsonObject device, IReadOnlyList<AnnouncedComponent> components, string id, string idName, JsonArray availability)
    {
        var entities = components.Select(component => KeyValuePair.Create(component.Key, (JsonNode?)component.ToJson(id, idName)));
        return new JsonObject
        {
            ["device"] = device,
            ["origin"] = new JsonObject { ["name"] = Maker, ["sw_version"] = Version },
            ["availability"] = availability,
            ["availability_mode"] = "all",
            ["qos"] = 1,
            ["components"] = new JsonObject(entities),
        };
    }

    private static JsonObject DeviceOf(AnnouncedService service, string id, string name)
    {
        var device = new JsonObject
        {
            ["identifiers"] = new JsonArray(id),
            ["name"] = name,
            ["manufacturer"] = Maker,
            ["model"] = service.ModelFamily ?? service.Model,
            ["sw_version"] = Version,
        };
        if (service.ModelFamily is not null)
        {
            // The name is that of the folder or repository that was imported, which need not say what the model is.
            device["model_id"] = service.Model;
        }

        return device;
    }

    private AnnouncedComponent Diagnostic(string key, string idName, string name, string topic, string template) => new(key, idName, new JsonObject
    {
        ["platform"] = "sensor",
        ["name"] = name,
        ["state_topic"] = topic,
        ["value_template"] = template,
        ["entity_category"] = "diagnostic",
        ["availability"] = new JsonArray(At(topics.Availability)),
    });

    private static JsonObject At(string topic) => new() { ["topic"] = topic, ["value_template"] = OnlineOrOffline };
}
