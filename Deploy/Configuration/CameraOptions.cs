using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Section <c>MobileVlm:Cameras:CAMERA</c>.</summary>
internal sealed class CameraOptions
{
    [Description("Where pictures come from. A password in an address is never logged.")]
    [Required]
    [CameraSource]
    [Secret]
    public string? Source { get; set; }

    [Description("Starts a file or folder again when it ends.")]
    public bool Loop { get; set; } = true;

    [Description("Pace of a file or folder: as it was recorded, or as fast as it can be decoded.")]
    public Pace Pace { get; set; } = Pace.Real;

    [Description("Factor on the real pace: 2 plays twice as fast.")]
    [NumberRange(0.01, 100)]
    public double Speed { get; set; } = 1;

    [Description("Most pictures a second that are decoded.")]
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

    [Description("Longest wait for the first picture.")]
    [TimeRange("00:00:01", "00:10:00")]
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromSeconds(10);

    [Description("Longest silence after it; then the camera is opened again.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("Publishes the very picture that was asked about.")]
    public bool Snapshot { get; set; } = true;

    [Description("What is asked about this camera, each under a name that stands in topics.")]
    [Map("question", "availability", "snapshot", "ask", "reply")]
    public Dictionary<string, QuestionOptions> Questions { get; set; } = [];
}
