using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Pace at which a file or a folder of images is played.</summary>
public enum Pace
{
    /// <summary>As it was recorded.</summary>
    Real,

    /// <summary>As fast as it can be decoded.</summary>
    Fast,
}

/// <summary>Settings for opening one camera. Values are validated where configuration is read.</summary>
public sealed record CameraSettings
{
    public required CameraId Id { get; init; }

    /// <summary><c>rtsp://</c>, <c>rtsps://</c>, <c>http://</c>, <c>https://</c>, <c>onvif://</c>; a device (<c>/dev/video0</c>); a video
    /// file; a folder of images; <c>gst:PIPELINE</c> (a GStreamer line up to raw video); <c>pattern:</c> (a moving
    /// test pattern, <c>pattern:640x480@10</c>).</summary>
    public required string Source { get; init; }

    /// <summary>First line: the password of the user in an <c>onvif://</c> source, read at each attempt; null where there is
    /// none or the source holds it.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Height of the frames that the questions need, in pixels. An ONVIF camera gives the smallest of its streams
    /// that has it.</summary>
    public int NeededHeight { get; init; } = OnvifProfileChoice.EncoderHeight;

    /// <summary>Start a file or folder again when it ends.</summary>
    public bool Loop { get; init; } = true;

    public Pace Pace { get; init; } = Pace.Real;

    /// <summary>Factor on the real pace: 2 plays twice as fast. Above 0.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Most frames per second that are delivered; null keeps the source's own rate.</summary>
    public double? MaxFrameRate { get; init; }

    /// <summary>Wider frames are scaled down to this width, in pixels, before they leave the decoder; null keeps
    /// them as they are.</summary>
    public int? MaxWidth { get; init; }

    /// <summary>Transport of an RTSP stream: <c>tcp</c> or <c>udp</c>.</summary>
    public string RtspTransport { get; init; } = "tcp";

    /// <summary>Longest wait for the first frame.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest silence after the first frame.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The child process for network streams, and for files and devices where OpenCV has no native library.</summary>
    public string FfmpegPath { get; init; } = "ffmpeg";

    public string GstLaunchPath { get; init; } = "gst-launch-1.0";

    /// <summary>Holds the last seconds of video for clips of events, where the source can deliver it.</summary>
    public bool RecordsClips { get; init; }

    /// <summary>The address at which the decoder delivers the video for clips; null where it delivers none.</summary>
    internal string? ClipAddress { get; init; }
}
