using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Tests.Cameras;

/// <summary>The watchdog over silence, by a clock of its own.</summary>
public sealed class FeedAttemptTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Packets_without_a_key_frame_are_waited_for_at_least_thirty_seconds_and_not_without_limit()
    {
        using var attempt = Attempt(new CameraSettings { Id = new CameraId("cam"), Source = "rtsp://h/s" });
        for (var second = 0; second < 31; second++)
        {
            attempt.PacketArrived();
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(attempt.Stop.IsCancellationRequested, $"it ended after {second} s");
        }

        for (var second = 0; second < 10; second++)
        {
            attempt.PacketArrived();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(attempt.Stop.IsCancellationRequested);
        var end = attempt.End(CaptureEndKind.Lost, "");
        Assert.Equal(CaptureEndKind.OpenTimedOut, end.Kind);
        Assert.Contains("no key frame for 35 s", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_packets_the_open_limit_holds_and_is_named()
    {
        using var attempt = Attempt(new CameraSettings { Id = new CameraId("cam"), Source = "rtsp://h/s" });
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(attempt.Stop.IsCancellationRequested);
        Assert.Equal("no picture for 10 s (OpenTimeout)", attempt.End(CaptureEndKind.Lost, "").Reason);
    }

    [Fact]
    public void A_stall_names_both_settings_that_make_up_its_limit()
    {
        using var attempt = Attempt(new CameraSettings { Id = new CameraId("cam"), Source = "rtsp://h/s", MaxFrameRate = 0.5 });
        attempt.Deliver(2, 2, pixels => pixels.Clear());
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.False(attempt.Stop.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(attempt.Stop.IsCancellationRequested);
        Assert.Equal(
            "no picture for 7 s (StallTimeout of 5 s, and 2 s between pictures by MaxFrameRate)",
            attempt.End(CaptureEndKind.Lost, "").Reason);
    }

    [Fact]
    public void A_camera_that_answered_has_twice_the_open_limit_until_its_first_packet()
    {
        using var attempt = Attempt(new CameraSettings { Id = new CameraId("cam"), Source = "rtsp://h/s" });
        _time.Advance(TimeSpan.FromSeconds(5));
        attempt.StreamsAnnounced();
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(attempt.Stop.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(attempt.Stop.IsCancellationRequested);
        Assert.Equal(
            "the camera answered but sent no picture for 20 s (twice OpenTimeout)", attempt.End(CaptureEndKind.Lost, "").Reason);
    }

    [Fact]
    public void A_camera_that_sends_a_picture_every_six_seconds_is_not_stalled_by_its_own_pace()
    {
        using var attempt = Attempt(new CameraSettings { Id = new CameraId("cam"), Source = "rtsp://h/s" });
        attempt.StreamsAnnounced();
        _time.Advance(TimeSpan.FromSeconds(12));
        attempt.PacketArrived();
        for (var picture = 0; picture < 5; picture++)
        {
            attempt.Deliver(2, 2, pixels => pixels.Clear());
            _time.Advance(TimeSpan.FromSeconds(6));
            Assert.False(attempt.Stop.IsCancellationRequested, $"it ended after picture {picture}");
        }

        attempt.Deliver(2, 2, pixels => pixels.Clear());
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.True(attempt.Stop.IsCancellationRequested);
        Assert.Equal(
            "no picture for 11 s (StallTimeout of 5 s, and 6 s that the picture before took)",
            attempt.End(CaptureEndKind.Lost, "").Reason);
    }

    [Fact]
    public void A_short_pause_does_not_lengthen_the_stall_limit()
    {
        using var attempt = Attempt(new CameraSettings { Id = new CameraId("cam"), Source = "rtsp://h/s" });
        attempt.Deliver(2, 2, pixels => pixels.Clear());
        _time.Advance(TimeSpan.FromSeconds(2));
        attempt.Deliver(2, 2, pixels => pixels.Clear());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(attempt.Stop.IsCancellationRequested);
        Assert.Equal("no picture for 5 s (StallTimeout)", attempt.End(CaptureEndKind.Lost, "").Reason);
    }

    private FeedAttempt Attempt(CameraSettings settings) => new(
        new CameraContext(settings, isLive: true, new FramePool(), _time, NullLogger.Instance),
        frame => frame.Dispose(),
        CancellationToken.None);
}
