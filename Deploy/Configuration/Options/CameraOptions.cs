using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Cameras:CAMERA</c>.</summary>
internal sealed class CameraOptions
{
    [Description("Where frames come from; [cameras.md](cameras.md) shows each kind. A password in an address is never logged.")]
    [Required]
    [CameraSource]
    [Secret]
    public string? Source { get; set; }

    [Description("File whose first line is the password of the user in an `onvif://` source; read at each connect, so that it can be changed. `credential:NAME` is a credential that systemd passes to the service.")]
    [TextLength(4096)]
    public string? PasswordFile { get; set; }

    [Description("Starts a file or folder from the beginning again when it ends.")]
    public bool Loop { get; set; } = true;

    [Description("Pace of a file, a folder or a recording behind an `http` address: as it was recorded, or as fast as it can be decoded.")]
    public Pace Pace { get; set; } = Pace.Real;

    [Description("Factor on the real pace: 2 plays twice as fast.")]
    [NumberRange(0.01, 100)]
    public double Speed { get; set; } = 1;

    [Description("Maximum number of frames per second that are used. Also how often a single image at an `http` address is fetched: once per second unless set, at most 25 times per second.")]
    [DefaultText("the source's own rate")]
    [NumberRange(0.001, 240)]
    public double? MaxFrameRate { get; set; }

    [Description("Wider frames are scaled down to this width, in pixels; 0 keeps the source's own width. [Size](cameras.md#size) says how the default follows from the regions of the questions.")]
    [DefaultText("672 for questions about the whole picture, more for regions")]
    [NumberRange(32, FramePool.MaxSide, OrZero = true)]
    public int? MaxWidth { get; set; }

    [Description("Transport of an RTSP stream.")]
    [OneOf("tcp", "udp")]
    public string RtspTransport { get; set; } = "tcp";

    [Description("Maximum time without data before the first frame, doubled when an RTSP camera has answered. A stream that is running but has not sent a key frame yet does not count as silent; it is given up to 35 s.")]
    [TimeRange("00:00:01", "00:10:00")]
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromSeconds(10);

    [Description("Maximum time without a frame after the first one; `1 / MaxFrameRate` or a slow camera's own interval is added. After it the camera is opened again.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("A live source (a stream, a device, a GStreamer pipeline) that has repeated bit-identical frames for this long is opened again one time; its availability does not change. 0 turns this off.")]
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan FrozenAfter { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Compares each frame with the camera's usual view and publishes `view`: moved, covered, dark, blurred. Turn it off for cameras that are moved on purpose.")]
    public bool ViewCheck { get; set; } = true;

    [Description("A changed view that lasts this long becomes the usual view. With 0 it never does; restart the service to set a new usual view.")]
    [TimeRange("00:00:00", "30.00:00:00")]
    public TimeSpan ViewSettlesAfter { get; set; } = TimeSpan.FromMinutes(10);

    [Description("Makes this camera's questions `unknown`, with the reason `viewNotNormal`, while its view is not normal. Needs `ViewCheck`.")]
    public bool SuspendOnViewChange { get; set; }

    [Description("Publishes the frame that the questions were asked about.")]
    public bool Snapshot { get; set; } = true;

    [Description("Records a [clip](history.md#clips) of this camera's video around each event.")]
    [DefaultText("`History:Clips`")]
    public bool? Clips { get; set; }

    [Description("Reuses an answer, marked as `reused`, while the scene is the same as when the question was asked.")]
    public bool Gate { get; set; } = true;

    [Description("Largest difference that counts as the same scene: levels of 0 to 255, of any color in any of 32 x 32 areas. A smaller value asks more often.")]
    [NumberRange(0, 64)]
    public double GateThreshold { get; set; } = 2;

    [Description("A question whose answer is older than this is asked again even if the scene has not changed.")]
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan GateRefresh { get; set; } = TimeSpan.FromSeconds(30);

    [Description("While the scene does not change, `GateRefresh` doubles up to this after each refresh that gave the same value. It starts again at `GateRefresh` when the scene or the question's state changes, when a schedule starts, and when an ad-hoc question is asked about the camera. A smaller value than `GateRefresh` counts as `GateRefresh`: the interval stays the same.")]
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan GateRefreshMax { get; set; } = TimeSpan.FromMinutes(10);

    [Description("With `Gate`: also reuses an answer when each of the frame's visual tokens has at least this cosine similarity to that of the answered frame. Saves the decoder's work, but may keep an answer that would have changed.")]
    [DefaultText("off")]
    [NumberRange(0.9, 1)]
    public double? GateTokenCosine { get; set; }

    [Description("The questions about this camera, each under a name that is part of its topics.")]
    [Map("question", "availability", "snapshot", "ask", "reply")]
    public Dictionary<string, QuestionOptions> Questions { get; set; } = [];
}
