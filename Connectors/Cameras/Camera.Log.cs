using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

internal sealed partial class Camera
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera}: opening {Description}.")]
    private static partial void LogOpening(ILogger log, CameraId camera, string description);

    [LoggerMessage(EventId = 1, Level = LogLevel.Information,
        Message = "{Camera}: first picture after {Seconds:0.0} s, {Width}x{Height}.")]
    private static partial void LogFirstPicture(ILogger log, CameraId camera, int width, int height, double seconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera}: the stream ended after {Frames} pictures: {Reason}")]
    private static partial void LogEnded(ILogger log, CameraId camera, long frames, string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "{Camera}: {Description} did not return when asked to stop; its thread is left behind.")]
    private static partial void LogLeftBehind(ILogger log, CameraId camera, string description);
}
