using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>Announces a camera to Home Assistant: all of its entities in one message, with keys in full, because the people who
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

    /// <summary>The device, as JSON.</summary>
    public byte[] Device(AnnouncedCamera camera) => Bytes(ToJson(camera));

    /// <summary>The device with those entities marked as removed that an earlier message announced and that no longer exist,
    /// or are of another kind now. Home Assistant forgets them; the plain device follows.</summary>
    /// <param name="camera">The camera as it is now.</param>
    /// <param name="before">The earlier message.</param>
    /// <returns>Null when nothing is to be removed.</returns>
    public byte[]? Removal(AnnouncedCamera camera, ReadOnlySpan<byte> before)
    {
        var device = ToJson(camera);
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
        var device = $"mobilevlm.{camera.Node}.{camera.Id}";
        var components = new JsonObject();
        foreach (var (key, component) in camera.Questions.SelectMany(question => Entities(camera.Id, question))
            .Concat(Picture(camera)).Concat(View(camera)).Concat(Diagnostics(camera)))
        {
            component["unique_id"] = $"{device}.{key}";
            components[key] = component;
        }

        return new JsonObject
        {
            ["device"] = DeviceOf(device, $"{camera.Node} {camera.Id}", camera.Model),
            ["origin"] = Origin(),
            ["availability"] = new JsonArray(At(topics.Availability), At(topics.CameraAvailability(camera.Id))),
            ["availability_mode"] = "all",
            ["qos"] = 1,
            ["components"] = components,
        };
    }

    private static JsonObject DeviceOf(string id, string name, string model) => new()
    {
        ["identifiers"] = new JsonArray(id),
        ["name"] = name,
        ["manufacturer"] = Maker,
        ["model"] = model,
        ["sw_version"] = Version,
    };

    private static JsonObject Origin() => new() { ["name"] = Maker, ["sw_version"] = Version };

    /// <summary>Keys begin with what they are, so that no name of a question can meet another's.</summary>
    private IEnumerable<(string Key, JsonObject Component)> Entities(string camera, AnnouncedQuestion question)
    {
        var state = new JsonObject
        {
            ["platform"] = question.Type == AnswerType.YesNo ? "binary_sensor" : "sensor",
            ["name"] = question.Id,
            ["state_topic"] = topics.State(camera, question.Id),
            ["value_template"] = UnknownAsNone,
            ["json_attributes_topic"] = topics.Answer(camera, question.Id),
        };
        switch (question.Type)
        {
            case AnswerType.YesNo:
                state["payload_on"] = "yes";
                state["payload_off"] = "no";
                break;
            case AnswerType.Choice:
                state["device_class"] = "enum";
                state["options"] = new JsonArray([.. question.Choices.Select(it => (JsonNode)it)]);
                break;
            case AnswerType.Number:
                state["state_class"] = "measurement";
                if (question.Unit is { } unit)
                {
                    state["unit_of_measurement"] = unit;
                }

                break;
            case AnswerType.Text:
                break;
            default:
                throw new InvalidOperationException($"{question.Type} has no entity.");
        }

        yield return ($"question_{question.Id}", state);
        yield return ($"enabled_{question.Id}", new JsonObject
        {
            ["platform"] = "switch",
            ["name"] = $"ask {question.Id}",
            ["state_topic"] = topics.Enabled(camera, question.Id),
            ["command_topic"] = topics.EnabledSet(camera, question.Id),
            ["payload_on"] = "ON",
            ["payload_off"] = "OFF",
            ["entity_category"] = "config",
            ["availability"] = new JsonArray(At(topics.Availability)),
        });
        foreach (var snooze in Snooze(camera, question.Id))
        {
            yield return snooze;
        }

        if (question.Type is AnswerType.YesNo or AnswerType.Choice)
        {
            var score = Diagnostic(
                $"{question.Id} score", topics.Answer(camera, question.Id), "{{ value_json.score }}", topics.Availability);
            score["state_class"] = "measurement";
            score["enabled_by_default"] = false;
            yield return ($"score_{question.Id}", score);
        }
    }

    private IEnumerable<(string Key, JsonObject Component)> Picture(AnnouncedCamera camera)
    {
        if (camera.Snapshot)
        {
            yield return ("snapshot", new JsonObject
            {
                ["platform"] = "image",
                ["name"] = "picture",
                ["image_topic"] = topics.Snapshot(camera.Id),
                ["content_type"] = "image/jpeg",
            });
        }
    }

    /// <summary>Few, and only those are switched on that show whether the camera works.</summary>
    private IEnumerable<(string Key, JsonObject Component)> Diagnostics(AnnouncedCamera camera)
    {
        var of = $"value_json.cameras['{camera.Id}']";
        var last = Diagnostic("last frame", topics.Stats, $"{{{{ {of}.lastFrameAt }}}}", topics.Availability);
        last["device_class"] = "timestamp";
        yield return ("stat_last_frame", last);

        var used = Diagnostic("frames used", topics.Stats, $"{{{{ {of}.framesUsed }}}}", topics.Availability);
        used["state_class"] = "total_increasing";
        yield return ("stat_frames_used", used);

        var restarts = Diagnostic("capture restarts", topics.Stats, $"{{{{ {of}.captureRestarts }}}}", topics.Availability);
        restarts["state_class"] = "total_increasing";
        restarts["enabled_by_default"] = false;
        yield return ("stat_capture_restarts", restarts);

        var age = Diagnostic("picture age", topics.Stats, $"{{{{ {of}.lastAgeMs }}}}", topics.Availability);
        age["device_class"] = "duration";
        age["unit_of_measurement"] = "ms";
        age["state_class"] = "measurement";
        age["enabled_by_default"] = false;
        yield return ("stat_picture_age", age);
    }

    private static JsonObject Diagnostic(string name, string topic, string template, string availability) => new()
    {
        ["platform"] = "sensor",
        ["name"] = name,
        ["state_topic"] = topic,
        ["value_template"] = template,
        ["entity_category"] = "diagnostic",
        ["availability"] = new JsonArray(At(availability)),
    };

    private static JsonObject At(string topic) => new() { ["topic"] = topic, ["value_template"] = OnlineOrOffline };
}
