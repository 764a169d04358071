using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Deploy.Commands.Cameras;

/// <summary>One camera in the document that <c>cameras --json</c> prints.</summary>
/// <param name="Name">The name that the camera announces.</param>
/// <param name="Address">A value for <c>Source</c>; the user name goes before the host.</param>
/// <param name="Profiles">The camera's streams; empty if the camera could not be queried.</param>
/// <param name="Error">Why the camera could not be queried; left out if it was.</param>
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

/// <summary>One stream of a camera. A value that the camera does not report is null.</summary>
/// <param name="Token">The value for <c>?profile=</c> in <c>Source</c>.</param>
/// <param name="Encoding"><c>H264</c>, <c>H265</c>, <c>JPEG</c> or another name that the camera reports.</param>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="Fps">The maximum number of frames per second.</param>
internal sealed record ProfileDocument(string Token, string? Encoding, int? Width, int? Height, int? Fps);

[JsonSerializable(typeof(IReadOnlyList<CameraDocument>))]
internal sealed partial class CamerasDocumentJson : JsonSerializerContext
{
    /// <summary>Writes text as readable characters instead of \u escapes.</summary>
    public static CamerasDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
