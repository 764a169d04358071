using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <content>A camera apart from its questions: its picture, its view, and what shows whether it works.</content>
public sealed partial class DeviceMessage
{
    private IEnumerable<AnnouncedComponent> Picture(AnnouncedCamera camera)
    {
        if (camera.Snapshot)
        {
            yield return Picture("snapshot", "picture", "Picture", topics.Snapshot(camera.Id));
        }
    }

    private IEnumerable<AnnouncedComponent> View(AnnouncedCamera camera)
    {
        if (camera.Views.Count == 0)
        {
            yield break;
        }

        yield return new AnnouncedComponent("view", "view", new JsonObject
        {
            ["platform"] = "sensor",
            ["name"] = "View",
            ["state_topic"] = topics.View(camera.Id),
            ["value_template"] = UnknownAsNone,
            ["device_class"] = "enum",
            ["options"] = new JsonArray([.. camera.Views.Select(it => (JsonNode)it)]),
        });
        if (camera.Snapshot)
        {
            foreach (var picture in (AnnouncedComponent[])
                [
                    Picture("view_before", "view before the change", "View before the change", topics.ViewBefore(camera.Id)),
                    Picture("view_after", "view after the change", "View after the change", topics.ViewAfter(camera.Id)),
                ])
            {
                picture.Json["entity_category"] = "diagnostic";
                yield return picture;
            }
        }
    }

    private static AnnouncedComponent Picture(string key, string idName, string name, string topic) => new(key, idName, new JsonObject
    {
        ["platform"] = "image",
        ["name"] = name,
        ["image_topic"] = topic,
        ["content_type"] = "image/jpeg",
    });

    /// <summary>Few, and only those are switched on that show whether the camera works.</summary>
    private IEnumerable<AnnouncedComponent> Diagnostics(AnnouncedCamera camera)
    {
        var of = $"value_json.cameras['{camera.Id}']";
        var last = Diagnostic("stat_last_frame", "last frame", "Last frame", topics.Stats, $"{{{{ {of}.lastFrameAt }}}}");
        last.Json["device_class"] = "timestamp";
        yield return last;

        var used = Diagnostic("stat_frames_used", "frames used", "Frames used", topics.Stats, $"{{{{ {of}.framesUsed }}}}");
        used.Json["state_class"] = "total_increasing";
        yield return used;

        var restarts = Diagnostic(
            "stat_capture_restarts", "capture restarts", "Capture restarts", topics.Stats, $"{{{{ {of}.captureRestarts }}}}");
        restarts.Json["state_class"] = "total_increasing";
        restarts.Json["enabled_by_default"] = false;
        yield return restarts;

        var age = Diagnostic("stat_picture_age", "picture age", "Picture age", topics.Stats, $"{{{{ {of}.lastAgeMs }}}}");
        age.Json["device_class"] = "duration";
        age.Json["unit_of_measurement"] = "ms";
        age.Json["state_class"] = "measurement";
        age.Json["enabled_by_default"] = false;
        yield return age;
    }
}
