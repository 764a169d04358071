using MobileVlm.Edge.Connectors.Cameras.Feeds;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>The tools on this machine that can read frames.</summary>
public static class CameraTools
{
    /// <summary>Whether OpenCV's native library loads. Without it ffmpeg reads video files and USB cameras.</summary>
    public static bool HasOpenCv => OpenCvLibrary.IsAvailable;
}
