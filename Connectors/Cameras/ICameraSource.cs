using MobileVlm.Edge.Connectors.Frames;
namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Why one attempt at a camera came to its end.</summary>
public enum CaptureEndKind
{
    /// <summary>A file or folder that does not loop was played to its end.</summary>
    Finished,

    /// <summary>It could not be opened: refused, not found, not readable, unknown format.</summary>
    OpenFailed,

    /// <summary>It opened but sent no frame within <see cref="CameraSettings.OpenTimeout"/>.</summary>
    OpenTimedOut,

    /// <summary>It sent frames, then none for <see cref="CameraSettings.StallTimeout"/>.</summary>
    Stalled,

    /// <summary>It sent frames, then the connection or the device was gone.</summary>
    Lost,

    /// <summary>The caller asked to stop.</summary>
    Cancelled,
}

/// <summary>The end of one attempt.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Reason">For the log: what the device or decoder reported, passwords masked.</param>
/// <param name="Frames">Frames delivered in this attempt.</param>
public sealed record CaptureEnd(CaptureEndKind Kind, string Reason, long Frames);

/// <summary>A camera that can be captured from again and again. Trying again, and when, is the caller's decision.</summary>
public interface ICameraSource
{
    CameraId Id { get; }

    /// <summary>Kind and address for people, without password: <c>rtsp://user:***@10.0.0.5/stream (ffmpeg)</c>.</summary>
    string Description { get; }

    /// <summary>Whether the source claims to show what happens now (a stream, a device, a GStreamer pipeline), so that
    /// frames that stay the same for long are suspicious. False for files, folders, test patterns and addresses that
    /// turned out to give single images. An <c>http</c> address counts as live until it has answered; read it after the first
    /// frame of an attempt. Thread-safe.</summary>
    bool IsLive { get; }

    /// <summary>Opens the device and delivers frames until it ends, fails, stalls or is cancelled; then everything
    /// it started (threads, child processes) is gone. Never throws for what a device can do.</summary>
    /// <param name="deliver">Called on the source's own thread, once per frame; owns the frame from then on and
    /// returns at once.</param>
    /// <param name="cancel">Ends the attempt within a second.</param>
    Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel);
}
