using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:History</c>.</summary>
internal sealed class HistoryOptions
{
    [Description("Folder on a local disk in which every answer, every event and selected snapshots are [stored](history.md). Under systemd, a folder in the state folder, such as `/var/lib/mobilevlm/history`.")]
    [DefaultText("none: nothing is stored")]
    [TextLength(4096)]
    public string? Folder { get; set; }

    [Description("Maximum size of all files of the history, in megabytes. Beyond it, the oldest data is deleted, and events that are kept only when nothing else is left.")]
    [NumberRange(16, 10_000_000)]
    public int MaxMegabytes { get; set; } = 2000;

    [Description("Older data is deleted, except events that are kept.")]
    [NumberRange(1, 3650)]
    public int MaxDays { get; set; } = 30;

    [Description("Free space of the disk, in megabytes, that is left to other programs: below it, the oldest data is deleted, and if that is not enough, nothing is stored.")]
    [NumberRange(0, 10_000_000)]
    public int MinFreeMegabytes { get; set; } = 500;

    [Description("Records a [clip](history.md#clips) of the video around each event, of cameras whose stream can be copied (RTSP, ONVIF, RTMP, UDP; H.264 or H.265). Holds the last seconds of their video in memory, up to 32 MB for each camera.")]
    public bool Clips { get; set; }

    [Description("Video before the event. A clip begins with a key frame, so it may begin earlier by the key frame interval of the camera.")]
    [TimeRange("00:00:00", "00:00:30")]
    public TimeSpan ClipBefore { get; set; } = TimeSpan.FromSeconds(5);

    [Description("Video after the event.")]
    [TimeRange("00:00:01", "00:00:30")]
    public TimeSpan ClipAfter { get; set; } = TimeSpan.FromSeconds(5);
}
