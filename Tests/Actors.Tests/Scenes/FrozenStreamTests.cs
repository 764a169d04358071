using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>A real RTSP server and a real decoder.</summary>
public sealed class FrozenStreamTests
{
    [Fact]
    public async Task A_stream_that_repeats_one_picture_is_opened_again_and_shows_live_frames_again()
    {
        using var server = await RtspTestServer.StartAsync(scene: "freezing");
        await using var camera = new StreamUnderTest(server.Url, decision: "was frozen");

        Assert.Equal((1, 1), await camera.FrozenAndRestartsAtDecision);

        Assert.False(camera.HasEnded);
        Assert.NotNull(camera.Counters.LastFrozen.Value);
        Assert.NotEmpty(camera.Log.Logged(LogLevel.Warning, "gate: the connection was frozen"));
    }

    [Fact]
    public async Task A_stream_of_a_scene_in_which_nothing_moves_is_opened_again_once_and_counts_as_still()
    {
        using var server = await RtspTestServer.StartAsync(scene: "still");
        await using var camera = new StreamUnderTest(server.Url, decision: "the scene is still");

        Assert.Equal((0, 1), await camera.FrozenAndRestartsAtDecision);
        await Eventually.TrueAsync(() => camera.Counters.Read(counted => counted.SameFrameS) > 6, "the time of the same picture");

        Assert.False(camera.HasEnded);
        Assert.Equal((0, 1), camera.Counters.Read(counted => (counted.FrozenConnections, counted.CaptureRestarts)));
        Assert.NotNull(camera.Counters.RepeatsFor);
    }

    private sealed class StreamUnderTest : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly FramePool _pool = new();
        private readonly TaskCompletionSource<(long, long)> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task<CaptureEnd> _capture;

        public StreamUnderTest(string url, string decision)
        {
            Log.OnLine = line =>
            {
                // At that very moment, because the stream continues and may freeze again.
                if (line.Text.Contains(decision, StringComparison.Ordinal))
                {
                    _decided.TrySetResult(Counters.Read(counted => (counted.FrozenConnections, counted.CaptureRestarts)));
                }
            };
            var settings = new SceneSettings { FrozenAfter = TimeSpan.FromSeconds(1.5), CheckView = false };
            var source = CameraSources.Create(
                new CameraSettings { Id = new CameraId("gate"), Source = url }, _pool, TimeProvider.System, Log.CreateLogger("camera"));
            var monitored = new MonitoredSource(
                new EvenlyPacedSource(source, _pool),
                new CameraMonitor(settings, Counters, new FakeTime()),
                Counters,
                _ => [],
                _ => { },
                Log.CreateLogger<MonitoredSource>());
            Assert.True(monitored.IsLive);
            _capture = monitored.CaptureAsync(frame => frame.Dispose(), _stop.Token);
        }

        public RecordingLogger Log { get; } = new();

        public CameraCounters Counters { get; } = new();

        public bool HasEnded => _capture.IsCompleted;

        /// <summary>What was counted when it was decided.</summary>
        public Task<(long Frozen, long Restarts)> FrozenAndRestartsAtDecision => _decided.Task.WaitAsync(2 * Eventually.Patience);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            Assert.Equal(CaptureEndKind.Cancelled, (await _capture.WaitAsync(Eventually.Patience)).Kind);
            Assert.Equal(0, _pool.Outstanding);
            _stop.Dispose();
        }
    }

    /// <summary>Gives each frame the moment that it has at 25 frames per second, however slowly the machine encodes and decodes:
    /// what is decided then depends on the pictures alone.</summary>
    private sealed class EvenlyPacedSource(ICameraSource source, FramePool pool) : ICameraSource
    {
        private readonly FakeTime _time = new();

        public CameraId Id => source.Id;

        public string Description => source.Description;

        public bool IsLive => source.IsLive;

        public Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel) => source.CaptureAsync(
            frame =>
            {
                using (frame)
                {
                    _time.Advance(TimeSpan.FromSeconds(1 / 25.0));
                    var paced = pool.Rent(
                        frame.Width, frame.Height, Id, frame.Sequence, _time.GetUtcNow(), _time.GetTimestamp());
                    frame.Pixels.CopyTo(paced.Pixels);
                    deliver(paced);
                }
            },
            cancel);
    }
}
