using System.Globalization;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>The GStreamer command line: the user's pipeline up to raw video, then the same PPM as from ffmpeg.</summary>
internal static class GstCommand
{
    public static ChildCommand Pipeline(CameraSettings settings, IReadOnlyList<string> words) => new()
    {
        Program = settings.GstLaunchPath,
        Arguments =
        [
            "-q", .. words, .. Scale(settings.MaxWidth), "!", "videoconvert", "!", "video/x-raw,format=RGB", "!", "pnmenc",
            "!", "fdsink", "fd=1",
        ],
        Remedy = "install it (apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-bad) "
            + "or set MobileVlm:Tools:GstLaunch to where it is",
        EndMeans = CaptureEndKind.Lost,
        LimitsHere = true,
    };

    /// <summary>Scales before the conversion to RGB, with a filter that covers all pixels under a new one. Square pixels are what makes
    /// the element keep the proportions.</summary>
    private static string[] Scale(int? maxWidth) => maxWidth is { } width
        ? ["!", "videoscale", "method=bilinear2", "!", string.Create(
            CultureInfo.InvariantCulture, $"video/x-raw,width=[1,{width}],pixel-aspect-ratio=1/1")]
        : [];
}
