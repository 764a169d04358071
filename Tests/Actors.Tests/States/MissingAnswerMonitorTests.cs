using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Why a question has no answer is a matter of the steady clock alone.</summary>
public sealed class MissingAnswerMonitorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("1970-01-01T00:00:10Z")]
    [InlineData("2026-11-29T12:00:00Z")]
    [InlineData("2099-01-01T00:00:00Z")]
    public void A_picture_that_came_a_moment_ago_is_recent_at_any_wall_clock_time(string wall)
    {
        var camera = new CameraCounters { Online = true };
        var now = DateTimeOffset.Parse(wall, System.Globalization.CultureInfo.InvariantCulture);
        var watch = new MissingAnswerMonitor(
            camera, new QuestionCounters(), new Instant(TimeSpan.Zero, new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero)), TimeSpan.FromTicks);

        camera.LastFrame.Set(TimeSpan.FromSeconds(35).Ticks);
        watch.Check(null, Patience, new Instant(TimeSpan.FromSeconds(40), now));
        Assert.Equal(UnknownReason.Busy, watch.Reason);

        watch.Check(null, Patience, new Instant(TimeSpan.FromSeconds(66), now));
        Assert.Equal(UnknownReason.NoPicture, watch.Reason);
    }
}
