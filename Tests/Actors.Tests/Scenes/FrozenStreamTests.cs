using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>A real RTSP server and a real decoder.</summary>
public sealed class FrozenStreamTests
{
    [Fact]
    public async Task A_stream_that_repeats_one_picture_is_opened_again_and_shows_live_frames_again()
    {
        using var server = await RtspTestServer.StartAsync(scene: "freezing");
        await using var camera = new StreamUnderTest(server.Url);

        await camera.Log.Lines.UntilAsync(lines => lines.Any(line => line.Text.Contains("was frozen")), "the frozen connection");

        Assert.False(camera.HasEnded);
        Assert.Equal((1, 1), (camera.Counters.Frozen.Value, camera.Counters.CaptureRestarts.Value));
        Assert.NotNull(camera.Counters.LastFrozen.Value);
        Assert.Single(camera.Log.Said(LogLevel.Warning, "gate: the connection was frozen"));
    }

    [Fact]
    public async Task A_stream_of_a_scene_in_which_nothing_moves_is_opened_again_once_and_counts_as_still()
    {
        using var server = await RtspTestServer.StartAsync(scene: "still");
        await using var camera = new StreamUnderTest(server.Url);

        await camera.Log.Lines.UntilAsync(lines => lines.Any(line => line.Text.Contains("the scene is still")), "the still scene");
        await Eventually.TrueAsync(() => camera.Counters.SameFor > TimeSpan.FromSeconds(3), "the time of the same picture");

        Assert.False(camera.HasEnded);
        Assert.Equal((0, 1), (camera.Counters.Frozen.Value, camera.Counters.CaptureRestarts.Value));
        Assert.NotNull(camera.Counters.RepeatsFor);
    }

    private sealed class StreamUnderTest : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly FramePool _pool = new();
        private readonly Task<CaptureEnd> _capture;

        public StreamUnderTest(string url)
        {
            var settings = new SceneSettings { FrozenAfter = TimeSpan.FromSeconds(1.5), CheckView = false };
            var source = CameraSources.Create(
                new CameraSettings { Id = new CameraId("gate"), Source = url }, _pool, TimeProvider.System, Log.CreateLogger("camera"));
            var monitored = new MonitoredSource(
                source,
                new CameraMonitor(settings, Counters, TimeProvider.System),
                Counters,
                _ => [],
                _ => { },
                Log.CreateLogger<MonitoredSource>());
            Assert.True(monitored.IsLive);
            _capture = monitored.CaptureAsync(frame => frame.Dispose(), _stop.Token);
        }

        public LogRecord Log { get; } = new();

        public CameraCounters Counters { get; } = new();

        public bool HasEnded => _capture.IsCompleted;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            Assert.Equal(CaptureEndKind.Cancelled, (await _capture.WaitAsync(TimeSpan.FromSeconds(20))).Kind);
            Assert.Equal(0, _pool.Outstanding);
            _stop.Dispose();
        }
    }
}
