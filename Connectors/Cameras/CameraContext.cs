using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>State that all attempts at one camera share.</summary>
internal sealed partial class CameraContext(CameraSettings settings, bool isLive, FramePool pool, TimeProvider time, ILogger log)
{
    private volatile bool _isLive = isLive;

    public CameraSettings Settings { get; } = settings;

    public FramePool Pool { get; } = pool;

    public TimeProvider Time { get; } = time;

    public ILogger Log { get; } = log;

    /// <summary>Holds the last seconds of video; null where no clips are recorded.</summary>
    public ClipRing? Clips { get; init; }

    public SecretMask Secrets { get; } = new(settings.Source);

    /// <summary>See <see cref="ICameraSource.IsLive"/>. A feed that finds out more while it runs corrects it.</summary>
    public bool IsLive
    {
        get => _isLive;
        set => _isLive = value;
    }

    /// <summary>Sequence number of the last delivered frame, 0 before the first. It outlives attempts, so that a reconnect does not
    /// repeat numbers. Changed only under the running attempt's lock.</summary>
    public long LastSequence { get; set; }

    /// <summary>Logs that packets came for so long without a key frame.</summary>
    public void LogWaiting(TimeSpan waited)
    {
        var seconds = Math.Round(waited.TotalSeconds);
        LogWaiting(Log, Settings.Id, seconds);
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Information, Message =
        "Camera {Camera}: the stream runs; waiting for a key frame, {Seconds} s so far. A shorter key frame (I-frame) "
        + "interval in the camera's settings lets it open faster.")]
    private static partial void LogWaiting(ILogger log, CameraId camera, double seconds);
}
