using System.Diagnostics.Metrics;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Counters of what sources leave out. What is delivered and then dropped is counted by the receiver.</summary>
internal static class CameraMetrics
{
    public const string MeterName = "MobileVlm.Edge.Cameras";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Frames of a file or device passed over, by <c>why</c>: <c>rate</c> (more than asked for) or
    /// <c>late</c> (decoding fell behind the real pace).</summary>
    public static readonly Counter<long> PicturesSkipped =
        Meter.CreateCounter<long>("mobilevlm.camera.pictures.skipped");

    /// <summary>Files in a folder of images that could not be decoded.</summary>
    public static readonly Counter<long> PicturesUnreadable =
        Meter.CreateCounter<long>("mobilevlm.camera.pictures.unreadable");

    /// <summary>Threads that a driver did not give back when stopped.</summary>
    public static readonly Counter<long> ThreadsLeftBehind =
        Meter.CreateCounter<long>("mobilevlm.camera.threads.left_behind");

    public static KeyValuePair<string, object?> Tag(CameraId camera) => new("camera", camera.Value);

    public static void Skipped(CameraId camera, string why) =>
        PicturesSkipped.Add(1, Tag(camera), new KeyValuePair<string, object?>("why", why));
}
