using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <content>The service itself.</content>
public sealed partial class DeviceMessage
{
    /// <summary>The service as a device, as JSON: its model, its version, whether it is connected, and the selection of the mode.</summary>
    public byte[] Service(AnnouncedService service) => Bytes(ToJson(service));

    /// <summary>As <see cref="Removal(AnnouncedCamera, ReadOnlySpan{byte})"/>, for the service.</summary>
    /// <param name="service">The service as it is now.</param>
    /// <param name="before">The earlier message.</param>
    /// <returns>Null when nothing is to be removed.</returns>
    public byte[]? Removal(AnnouncedService service, ReadOnlySpan<byte> before) => Removal(ToJson(service), before);

    private static string IdOf(AnnouncedService service) => $"mobilevlm.{service.Node}";

    private JsonObject ToJson(AnnouncedService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var device = DeviceOf(service, IdOf(service), service.Node);
        if (service.PageUrl is { } page)
        {
            device["configuration_url"] = $"{page}/";
        }

        return Message(
            device, [.. Connection().Concat(Mode(service))], IdOf(service), service.Node, new JsonArray(At(topics.Availability)));
    }

    private IEnumerable<AnnouncedComponent> Connection()
    {
        yield return new AnnouncedComponent("connection", "connection", new JsonObject
        {
            ["platform"] = "binary_sensor",
            ["name"] = "Connection",
            ["state_topic"] = topics.Availability,
            ["value_template"] = OnlineOrOffline,
            ["payload_on"] = "online",
            ["payload_off"] = "offline",
            ["device_class"] = BinarySensorClasses.Connectivity,
            ["entity_category"] = "diagnostic",
        });
        yield return Diagnostic("model", "model", "Model", topics.Stats, "{{ value_json.model }}");

        // Of each session: its provider, and how many of its nodes run on the CPU instead.
        var target = Diagnostic("target", "runs on", "Runs on", topics.Stats, "{{ value_json.target }}");
        target.Json["json_attributes_topic"] = topics.Stats;
        target.Json["json_attributes_template"] = "{{ value_json.sessions | to_json }}";
        yield return target;
        yield return Diagnostic("version", "version", "Version", topics.Stats, "{{ value_json.program | default('None') }}");
    }

    private IEnumerable<AnnouncedComponent> Mode(AnnouncedService service)
    {
        if (service.Modes.Count > 0)
        {
            yield return new AnnouncedComponent("mode", "mode", new JsonObject
            {
                ["platform"] = "select",
                ["name"] = "Mode",
                ["state_topic"] = topics.Mode,
                ["command_topic"] = topics.ModeSet,
                ["options"] = new JsonArray([.. service.Modes.Select(it => (JsonNode)it)]),
            });
        }
    }
}
