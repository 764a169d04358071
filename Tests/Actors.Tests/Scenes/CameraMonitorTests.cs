using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>The view over a longer time: how a run begins, and what becomes of a changed view.</summary>
public sealed class CameraMonitorTests
{
    private readonly FakeTime _time = new();
    private readonly FramePool _pool = new();
    private readonly Random _random = new(4);
    private readonly CameraCounters _counters = new();
    private readonly ScenePicture _gate = GateClip.Second(3);
    private CameraMonitor _monitor;

    public CameraMonitorTests() => _monitor = new CameraMonitor(new SceneSettings(), _counters, _time);

    [Fact]
    public void A_changed_view_that_holds_becomes_the_usual_one()
    {
        See(_gate, 3);
        var moved = _gate.Moved(right: 0.2, down: 0.05);
        See(moved, 3);
        Assert.Equal(ViewState.Changed, _monitor.State);

        See(moved, 58, every: 10);
        Assert.Equal(ViewState.Changed, _monitor.State);
        Assert.True(See(moved, 4, every: 10).Single(report => report.View is not null).View!.HasSettled);
        Assert.Equal(ViewState.Normal, _monitor.State);

        // The old view is another one now.
        See(_gate, 3);
        Assert.Equal(ViewState.Changed, _monitor.State);
    }

    [Fact]
    public void A_camera_that_is_moved_again_and_again_does_not_settle()
    {
        See(_gate, 3);
        for (var i = 0; i < 6; i++)
        {
            See(_gate.Moved(right: i % 2 == 0 ? 0.2 : -0.2, down: 0.1), 10, every: 20);
            Assert.Equal(ViewState.Changed, _monitor.State);
        }
    }

    [Theory]
    [InlineData(0, "changed")]
    [InlineData(60, "normal")]
    public void How_long_a_view_must_hold_is_configured_and_zero_waits_for_a_restart(int seconds, string expected)
    {
        _monitor = new CameraMonitor(new SceneSettings { ViewSettlesAfter = TimeSpan.FromSeconds(seconds) }, _counters, _time);
        See(_gate, 3);
        See(_gate.Moved(right: 0.2), 64, every: 20);
        Assert.Equal(expected, _monitor.State.ToText());
    }

    [Fact]
    public void What_covers_or_blurs_a_camera_never_becomes_usual()
    {
        See(_gate, 3);
        See(_gate.UnderHand(), 40, every: 30);
        Assert.Equal(ViewState.Covered, _monitor.State);
        See(_gate.Blurred(0.015), 40, every: 30);
        Assert.Equal(ViewState.Blurred, _monitor.State);
        See(_gate, 3);
        Assert.Equal(ViewState.Normal, _monitor.State);
    }

    [Fact]
    public void A_lens_that_loses_its_focus_slowly_is_noticed()
    {
        See(_gate, 3);
        for (var i = 1; i <= 40 && _monitor.State == ViewState.Normal; i++)
        {
            See(_gate.Blurred(0.0006 * i), 4, every: 30);
        }

        Assert.Equal(ViewState.Blurred, _monitor.State);
    }

    [Fact]
    public void A_run_that_begins_in_the_dark_knows_the_view_with_the_first_light()
    {
        See(_gate.Capped(_random), 2);
        Assert.Equal(ViewState.Unknown, _monitor.State);
        See(_gate.Capped(_random), 1);
        Assert.Equal(ViewState.Dark, _monitor.State);

        See(_gate, 3);
        Assert.Equal(ViewState.Normal, _monitor.State);
        See(_gate.Moved(right: 0.2), 3);
        Assert.Equal(ViewState.Changed, _monitor.State);
    }

    [Fact]
    public void A_view_without_structure_gives_way_to_the_first_one_that_has_some()
    {
        See(_gate.Hidden(0, 1, (_, _) => 140), 5);
        Assert.Equal(ViewState.Normal, _monitor.State);
        See(_gate, 3);
        Assert.Equal(ViewState.Normal, _monitor.State);
        See(_gate.UnderHand(), 3);
        Assert.Equal(ViewState.Covered, _monitor.State);
    }

    [Fact]
    public void A_camera_that_was_covered_through_the_night_is_normal_by_day()
    {
        See(GateClip.Second(58), 5);
        See(_gate.UnderHand(), 5);
        Assert.Equal(ViewState.Covered, _monitor.State);
        _time.Advance(TimeSpan.FromHours(9));
        See(_gate, 3);
        Assert.Equal(ViewState.Normal, _monitor.State);
    }

    [Fact]
    public void A_night_that_hides_nearly_everything_does_not_erase_the_day()
    {
        See(_gate, 10);
        for (var i = 1; i <= 20; i++)
        {
            See(_gate.Toned(1 - (i * 0.04)), 3, every: 100);
        }

        See(_gate.Toned(0.2), 60, every: 200);
        See(_gate, 3);
        Assert.Equal(ViewState.Normal, _monitor.State);
    }

    [Fact]
    public void About_ten_frames_per_second_are_examined_however_many_come()
    {
        See(_gate, 1);
        var changes = 0;
        for (var i = 0; i < 6; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(33));
            changes += See(_gate.UnderHand(), 1, every: 0).Count(report => report.View is not null);
        }

        // At 33, 66, 99 ms and so on only the third and the sixth are read.
        Assert.Equal((0, ViewState.Normal), (changes, _monitor.State));
    }

    [Fact]
    public void Pictures_that_are_too_small_to_be_compared_leave_the_view_unknown()
    {
        See(_gate.Resized(40, 30), 10);
        Assert.Equal(ViewState.Unknown, _monitor.State);
    }

    [Fact]
    public void Before_and_after_are_small_copies_that_outlive_their_frames()
    {
        See(_gate.Resized(1920, 1080), 3);
        var change = See(_gate.UnderHand().Resized(1920, 1080), 3).Single(report => report.View is not null).View!;
        using var before = change.Before!;
        using var after = change.After!;
        Assert.Equal((640, 360, 640, 360), (before.Width, before.Height, after.Width, after.Height));
        Assert.NotEqual(before.Pixels.ToArray(), after.Pixels.ToArray());
    }

    private List<SceneReport> See(ScenePicture picture, int frames, int every = 1)
    {
        var reports = new List<SceneReport>();
        for (var i = 0; i < frames; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(every));
            var shown = picture.Noisy(1, _random);
            using var frame = _pool.Rent(
                shown.Width, shown.Height, new CameraId("gate"), new FrameSequence(1), _time.GetUtcNow(), _time.GetTimestamp());
            shown.Pixels.CopyTo(frame.Pixels);
            reports.Add(_monitor.Examine(frame, isLive: true));
        }

        return reports;
    }
}
