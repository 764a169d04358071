using System.Text.Json;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>The differences between two configurations.</summary>
/// <param name="Opened">Cameras that are new or whose stream must be opened again.</param>
/// <param name="Removed">Cameras that are no longer configured.</param>
/// <param name="QuestionsChanged">Cameras that keep their stream and get other questions.</param>
/// <param name="NeedsRestart">Keys whose change takes effect only after a restart.</param>
internal sealed record ConfigurationChange(
    IReadOnlyList<CameraSettings> Opened,
    IReadOnlyList<CameraId> Removed,
    IReadOnlyList<CameraId> QuestionsChanged,
    IReadOnlyList<string> NeedsRestart)
{
    /// <summary>True if cameras and questions are unchanged.</summary>
    public bool CamerasAreUnchanged => Opened.Count + Removed.Count + QuestionsChanged.Count == 0;

    /// <summary>Describes the changes for the log.</summary>
    public override string ToString() => CamerasAreUnchanged
        ? "cameras and questions are unchanged"
        : string.Join("; ", Parts().Where(part => part.Length > 0));

    private IEnumerable<string> Parts() =>
    [
        Opened.Count > 0 ? $"opened camera {string.Join(", ", Opened.Select(camera => camera.Id))}" : "",
        QuestionsChanged.Count > 0 ? $"changed questions of camera {string.Join(", ", QuestionsChanged)}" : "",
        Removed.Count > 0 ? $"removed camera {string.Join(", ", Removed)}" : "",
    ];

    /// <param name="before">The configuration in use.</param>
    /// <param name="after">The newer one.</param>
    /// <param name="imageSize">Side of the vision encoder's input, in pixels.</param>
    /// <param name="running">The model that is open; null for that in the configured folders.</param>
    public static ConfigurationChange Between(
        EdgeConfiguration before, EdgeConfiguration after, int imageSize = OnvifProfileChoice.EncoderHeight, ModelManifest? running = null)
    {
        var old = before.ToCameraSettings(imageSize).ToDictionary(camera => camera.Id);
        var opened = after.ToCameraSettings(imageSize)
            .Where(camera => !old.TryGetValue(camera.Id, out var known) || known != camera)
            .ToList();
        var plans = before.ToEdgeSettings("", running).Cameras.ToDictionary(plan => plan.Id);
        var now = after.ToEdgeSettings("", running).Cameras;
        return new ConfigurationChange(
            opened,
            [.. old.Keys.Except(now.Select(plan => plan.Id))],
            [.. now.Where(plan => plans.TryGetValue(plan.Id, out var known)
                    && known != plan && opened.All(camera => camera.Id != plan.Id))
                .Select(plan => plan.Id)],
            [.. OtherKeys(before.Options, after.Options)]);
    }

    private static IEnumerable<string> OtherKeys(EdgeOptions before, EdgeOptions after) =>
        Setting.Of(typeof(EdgeOptions))
            // Tools are part of each camera's settings.
            .Where(setting => setting.Name is not (nameof(EdgeOptions.Cameras) or nameof(EdgeOptions.Tools)))
            .Where(setting => Text(setting.Property.GetValue(before)) != Text(setting.Property.GetValue(after)))
            .Select(setting => $"{EdgeOptions.Section}:{setting.Name}");

    private static string Text(object? options) => JsonSerializer.Serialize(options);
}
