using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Cameras;

internal sealed partial class Camera
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "Camera {Camera}: opening {Description}")]
    private static partial void LogOpening(ILogger log, CameraId camera, string description);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Camera {Camera}: first picture, {Width}x{Height}, after {Seconds} s")]
    private static partial void LogFirstPicture(ILogger log, CameraId camera, int width, int height, double seconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Camera {Camera}: {Kind} after {Frames} pictures: {Reason}")]
    private static partial void LogEnded(ILogger log, CameraId camera, CaptureEndKind kind, long frames, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Camera {Camera}: {Description} did not return when asked to stop; its thread was left behind")]
    private static partial void LogLeftBehind(ILogger log, CameraId camera, string description);
}
