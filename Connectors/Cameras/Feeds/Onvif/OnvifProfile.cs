namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>One of the streams that a camera offers.</summary>
/// <param name="Token">The camera's name for it.</param>
/// <param name="Encoding"><c>H264</c>, <c>H265</c>, <c>JPEG</c> or what else the camera reports; null when it reports nothing.</param>
/// <param name="Width">Pixels; null when the camera does not report it.</param>
/// <param name="Height">Pixels; null when the camera does not report it.</param>
/// <param name="FrameRate">Frames per second at most; null when the camera does not report it.</param>
/// <param name="Source">The video source that it shows; a recorder has several. Null when the camera does not report it.</param>
public sealed record OnvifProfile(string Token, string? Encoding, int? Width, int? Height, int? FrameRate, string? Source)
{
    /// <summary>Whether it has frames at all: a profile may carry sound or events alone.</summary>
    public bool HasVideo => Encoding is not null || Height is not null;
}
