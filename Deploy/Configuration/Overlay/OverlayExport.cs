using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>Writes an overlay as a part of a configuration file, for those who want to move it there.</summary>
internal static class OverlayExport
{
    /// <summary>The definitions as they were sent. A deletion has no form in a configuration file, so its name stands beside it.</summary>
    public static QuestionExport Of(QuestionOverlay overlay)
    {
        var cameras = new JsonObject();
        foreach (var camera in overlay.Entries.Where(entry => entry.Value.Definition is not null).GroupBy(entry => entry.Key.Camera, StringComparer.OrdinalIgnoreCase))
        {
            cameras[camera.Key] = new JsonObject
            {
                [nameof(CameraOptions.Questions)] = new JsonObject(
                    [.. camera.Select(entry => KeyValuePair.Create(entry.Key.Question, JsonNode.Parse(entry.Value.Definition!)))]),
            };
        }

        return new QuestionExport(
            new JsonObject { [EdgeOptions.Section] = new JsonObject { [nameof(EdgeOptions.Cameras)] = cameras } },
            [.. overlay.Entries.Where(entry => entry.Value.Definition is null).Select(entry => entry.Key.ToString())]);
    }
}
