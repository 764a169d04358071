using System.Text.Json;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>What a newer configuration says otherwise.</summary>
/// <param name="Opened">Cameras that are new or whose stream is to be opened anew.</param>
/// <param name="Removed">Cameras that are no more.</param>
/// <param name="Asked">Cameras that go on with other questions.</param>
/// <param name="NeedsRestart">Keys whose change counts only after a restart.</param>
internal sealed record ConfigurationChange(
    IReadOnlyList<CameraSettings> Opened,
    IReadOnlyList<CameraId> Removed,
    IReadOnlyList<CameraId> Asked,
    IReadOnlyList<string> NeedsRestart)
{
    /// <summary>Cameras and questions are as they were.</summary>
    public bool IsNothing => Opened.Count + Removed.Count + Asked.Count == 0;

    /// <summary>For the log.</summary>
    public override string ToString() => IsNothing
        ? "cameras and questions are unchanged"
        : string.Join("; ", Parts().Where(part => part.Length > 0));

    private IEnumerable<string> Parts() =>
    [
        Opened.Count > 0 ? $"opened camera {string.Join(", ", Opened.Select(camera => camera.Id))}" : "",
        Asked.Count > 0 ? $"changed questions of camera {string.Join(", ", Asked)}" : "",
        Removed.Count > 0 ? $"removed camera {string.Join(", ", Removed)}" : "",
    ];

    public static ConfigurationChange Between(EdgeConfiguration before, EdgeConfiguration after)
    {
        var old = before.ToCameraSettings().ToDictionary(camera => camera.Id);
        var opened = after.ToCameraSettings()
            .Where(camera => !old.TryGetValue(camera.Id, out var known) || known != camera)
            .ToList();
        var plans = before.ToEdgeSettings("").Cameras.ToDictionary(plan => plan.Id);
        var now = after.ToEdgeSettings("").Cameras;
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
