using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <content>The service itself, and what holds back the events of a question.</content>
public sealed partial class DeviceMessage
{
    /// <summary>The service as a device, as JSON: it holds the selection of the mode.</summary>
    public byte[] Node(AnnouncedNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var device = $"mobilevlm.{node.Node}";
        return Bytes(new JsonObject
        {
            ["device"] = DeviceOf(device, node.Node, node.Model),
            ["origin"] = Origin(),
            ["availability"] = new JsonArray(At(topics.Availability)),
            ["availability_mode"] = "all",
            ["qos"] = 1,
            ["components"] = new JsonObject
            {
                ["mode"] = new JsonObject
                {
                    ["platform"] = "select",
                    ["name"] = "mode",
                    ["state_topic"] = topics.Mode,
                    ["command_topic"] = topics.ModeSet,
                    ["options"] = new JsonArray([.. node.Modes.Select(it => (JsonNode)it)]),
                    ["unique_id"] = $"{device}.mode",
                },
            },
        });
    }

    /// <summary>A snooze is rare, so both are switched off until somebody wants them.</summary>
    private IEnumerable<(string Key, JsonObject Component)> Snooze(string camera, string question)
    {
        // Without a state: what is set is a time from now, and what holds is its end.
        yield return ($"snooze_{question}", new JsonObject
        {
            ["platform"] = "number",
            ["name"] = $"snooze {question}",
            ["command_topic"] = topics.SnoozeSet(camera, question),
            ["min"] = 0,
            ["max"] = NodeTopics.MaxSnoozeHours,
            ["step"] = 0.5,
            ["mode"] = "box",
            ["unit_of_measurement"] = "h",
            ["entity_category"] = "config",
            ["enabled_by_default"] = false,
            ["availability"] = new JsonArray(At(topics.Availability)),
        });

        var until = Diagnostic(
            $"{question} snoozed until", topics.Snooze(camera, question), "{{ value if 'T' in value else 'None' }}", topics.Availability);
        until["device_class"] = "timestamp";
        until["enabled_by_default"] = false;
        yield return ($"snoozed_{question}", until);
    }
}
