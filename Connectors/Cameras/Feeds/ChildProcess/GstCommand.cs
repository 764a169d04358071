namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>The GStreamer command line: the user's pipeline up to raw video, then the same PPM as from ffmpeg.</summary>
internal static class GstCommand
{
    public static ChildCommand Pipeline(CameraSettings settings, IReadOnlyList<string> words) => new()
    {
        Program = settings.GstLaunchPath,
        Arguments =
        [
            "-q", .. words, "!", "videoconvert", "!", "video/x-raw,format=RGB", "!", "pnmenc", "!", "fdsink", "fd=1",
        ],
        Remedy = "install it (apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-bad) "
            + "or set MobileVlm:Tools:GstLaunch to where it is",
        EndMeans = CaptureEndKind.Lost,
        LimitsHere = true,
    };
}
