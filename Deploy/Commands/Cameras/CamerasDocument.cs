using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Deploy.Commands.Cameras;

/// <summary>One camera of what <c>cameras --json</c> prints.</summary>
/// <param name="Name">As the camera announces itself.</param>
/// <param name="Address">What may stand in <c>Source</c>; the user goes in front of its host.</param>
/// <param name="Profiles">Its streams; empty when it could not be asked.</param>
/// <param name="Error">Why it could not be asked; left out when it was.</param>
internal sealed record CameraDocument(
    string Name,
    string Address,
    IReadOnlyList<ProfileDocument> Profiles,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error)
{
    public static CameraDocument Of(OnvifCamera camera) => new(
        camera.Name,
        camera.Address,
        [.. camera.Profiles.Select(it => new ProfileDocument(it.Token, it.Encoding, it.Width, it.Height, it.FrameRate))],
        camera.Error);
}

/// <summary>One stream of a camera. What the camera does not say is null.</summary>
/// <param name="Token">For <c>?profile=</c> in <c>Source</c>.</param>
/// <param name="Encoding"><c>H264</c>, <c>H265</c>, <c>JPEG</c> or what else the camera says.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Fps">Pictures per second at most.</param>
internal sealed record ProfileDocument(string Token, string? Encoding, int? Width, int? Height, int? Fps);

[JsonSerializable(typeof(IReadOnlyList<CameraDocument>))]
internal sealed partial class CamerasDocumentJson : JsonSerializerContext
{
    /// <summary>Text as people read it, not as \u escapes.</summary>
    public static CamerasDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
