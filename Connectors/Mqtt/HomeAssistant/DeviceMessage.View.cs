using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <content>The camera's view.</content>
public sealed partial class DeviceMessage
{
    private IEnumerable<(string Key, JsonObject Component)> View(AnnouncedCamera camera)
    {
        if (camera.Views.Count == 0)
        {
            yield break;
        }

        yield return ("view", new JsonObject
        {
            ["platform"] = "sensor",
            ["name"] = "view",
            ["state_topic"] = topics.View(camera.Id),
            ["value_template"] = UnknownAsNone,
            ["device_class"] = "enum",
            ["options"] = new JsonArray([.. camera.Views.Select(it => (JsonNode)it)]),
        });
        if (camera.Snapshot)
        {
            yield return ("view_before", ViewPicture("view before the change", topics.ViewBefore(camera.Id)));
            yield return ("view_after", ViewPicture("view after the change", topics.ViewAfter(camera.Id)));
        }
    }

    private static JsonObject ViewPicture(string name, string topic) => new()
    {
        ["platform"] = "image",
        ["name"] = name,
        ["image_topic"] = topic,
        ["content_type"] = "image/jpeg",
        ["entity_category"] = "diagnostic",
    };
}
