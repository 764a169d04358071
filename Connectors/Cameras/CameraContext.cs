using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>What every attempt at one camera shares.</summary>
internal sealed class CameraContext(CameraSettings settings, FramePool pool, TimeProvider time, ILogger log)
{
    private volatile bool _isLive = SourceAddress.ClaimsToBeLive(settings.Source);

    public CameraSettings Settings { get; } = settings;

    public FramePool Pool { get; } = pool;

    public TimeProvider Time { get; } = time;

    public ILogger Log { get; } = log;

    public SecretMask Secrets { get; } = new(settings.Source);

    /// <summary>See <see cref="ICameraSource.IsLive"/>. A feed that finds out more while it runs corrects it.</summary>
    public bool IsLive
    {
        get => _isLive;
        set => _isLive = value;
    }

    /// <summary>Of the last delivered frame, 0 before the first. It outlives attempts, so that a reconnect does not
    /// repeat numbers. Changed only under the running attempt's lock.</summary>
    public long LastSequence { get; set; }
}
