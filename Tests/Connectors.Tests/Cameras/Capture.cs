using System.Collections.Concurrent;
using System.Diagnostics;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras;

/// <summary>A delivered frame's data, after the frame itself went back to the pool.</summary>
internal sealed record Seen(long Sequence, int Width, int Height, TimeSpan At, byte[] Pixels);

/// <summary>A camera under test with all that it delivered.</summary>
internal sealed class Capture
{
    /// <summary>Longer than anything here takes; a test that hangs shall fail, not hang.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly Stopwatch _clock = new();

    public Capture(CameraSettings settings, ClipRings? clips = null)
    {
        Camera = CameraSources.Create(settings, Pool, TimeProvider.System, Log, clips);
    }

    public Capture(CameraSettings settings, IFrameFeed feed)
    {
        Camera = new Camera(new CameraContext(settings, isLive: true, Pool, TimeProvider.System, Log), "a test's camera", feed);
    }

    public FramePool Pool { get; } = new();

    public ListLogger Log { get; } = new();

    public ICameraSource Camera { get; }

    public ConcurrentQueue<Seen> Frames { get; } = new();

    /// <summary>How long the last attempt took.</summary>
    public TimeSpan Took { get; private set; }

    public static CameraSettings Settings(string source) =>
        new() { Id = new CameraId("cam"), Source = source, Loop = false, Pace = Pace.Fast };

    /// <summary>One attempt. It is cancelled once <paramref name="until"/> holds after a frame.</summary>
    public async Task<CaptureEnd> RunAsync(Func<Seen, bool>? until = null, CancellationToken cancel = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _clock.Restart();
        var end = await Camera.CaptureAsync(
            frame =>
            {
                using (frame)
                {
                    var seen = new Seen(
                        frame.Sequence.Value, frame.Width, frame.Height, _clock.Elapsed, frame.Pixels.ToArray());
                    Frames.Enqueue(seen);
                    if (until?.Invoke(seen) == true)
                    {
                        stop.Cancel();
                    }
                }
            },
            stop.Token).WaitAsync(Patience, CancellationToken.None);
        Took = _clock.Elapsed;
        Assert.Equal(0, Pool.Outstanding);
        return end;
    }

    public Task UntilLoggedAsync(string text) => Eventually.TrueAsync(
        () => Log.ToString().Contains(text, StringComparison.Ordinal), $"'{text}' is logged", Patience, Log.ToString);

    public Task UntilFramesAsync(int count) =>
        Eventually.TrueAsync(() => Frames.Count >= count, $"{count} frames", Patience, () => $"{Frames.Count} came.\n{Log}");
}
