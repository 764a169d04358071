using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Cameras:CAMERA</c>.</summary>
internal sealed class CameraOptions
{
    [Description("Where pictures come from; [cameras.md](cameras.md) shows each kind. A password in an address is never logged.")]
    [Required]
    [CameraSource]
    [Secret]
    public string? Source { get; set; }

    [Description("File whose first line is the password of the user in an `onvif://` source; read at each connect, so that it can be changed. "
        + "`credential:NAME` is a credential that systemd hands over.")]
    [TextLength(4096)]
    public string? PasswordFile { get; set; }

    [Description("Starts a file or folder again when it ends.")]
    public bool Loop { get; set; } = true;

    [Description("Pace of a file, a folder or a recording behind an `http` address: as it was recorded, or as fast as it can be decoded.")]
    public Pace Pace { get; set; } = Pace.Real;

    [Description("Factor on the real pace: 2 plays twice as fast.")]
    [NumberRange(0.01, 100)]
    public double Speed { get; set; } = 1;

    [Description("Most pictures per second that are used. Also how often a single picture at an `http` address is fetched: once per second unless set, at most 25 times.")]
    [DefaultText("the source's own rate")]
    [NumberRange(0.001, 240)]
    public double? MaxFrameRate { get; set; }

    [Description("Wider pictures are scaled down to this width, in pixels.")]
    [DefaultText("as they come")]
    [NumberRange(32, FramePool.MaxSide)]
    public int? MaxWidth { get; set; }

    [Description("Transport of an RTSP stream.")]
    [OneOf("tcp", "udp")]
    public string RtspTransport { get; set; } = "tcp";

    [Description("Longest silence before the first picture, doubled once an RTSP camera has answered. A stream that runs but has not sent a key frame yet is not silent; it is waited for up to 35 s.")]
    [TimeRange("00:00:01", "00:10:00")]
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromSeconds(10);

    [Description("Longest silence after the first picture, to which `1 / MaxFrameRate` or a slow camera's own interval is added; then the camera is opened again.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("A live source (a stream, a device, a GStreamer pipeline) that has repeated its pictures bit by bit for this long is opened again once, with its availability unchanged. 0 never does that.")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan FrozenAfter { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Compares each picture with the view that is usual for the camera and publishes `view`: moved, covered, dark, blurred. Switch it off for cameras that are moved on purpose.")]
    public bool ViewCheck { get; set; } = true;

    [Description("A changed view that holds this long becomes the usual one. 0 waits for a restart of the service.")]
    [TimeRange("00:00:00", "30.00:00:00")]
    public TimeSpan ViewSettlesAfter { get; set; } = TimeSpan.FromMinutes(10);

    [Description("Makes this camera's questions `unknown`, with the reason `viewNotNormal`, while its view is not normal. Needs `ViewCheck`.")]
    public bool SuspendOnViewChange { get; set; }

    [Description("Publishes the very picture that was asked about.")]
    public bool Snapshot { get; set; } = true;

    [Description("Keeps an answer, marked as `reused`, while the scene is the same as when it was asked.")]
    public bool Gate { get; set; } = true;

    [Description("Largest difference that counts as the same scene: levels of 0 to 255, of any colour in any of 32 x 32 areas. Smaller asks more often.")]
    [NumberRange(0, 64)]
    public double GateThreshold { get; set; } = 2;

    [Description("An older answer is asked anew, however still the scene is.")]
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan GateRefresh { get; set; } = TimeSpan.FromSeconds(30);

    [Description("With `Gate`: also keeps an answer when each of the picture's visual tokens has at least this cosine with those that were asked about. Saves the decoder's work, and may keep an answer that would have changed.")]
    [DefaultText("off")]
    [NumberRange(0.9, 1)]
    public double? GateTokenCosine { get; set; }

    [Description("What is asked about this camera, each under a name that stands in topics.")]
    [Map("question", "availability", "snapshot", "ask", "reply")]
    public Dictionary<string, QuestionOptions> Questions { get; set; } = [];
}
