using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Pacing;

public sealed class QuietHoursTests : IDisposable
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private readonly SimulatedBoard _board = new(30, (1, 5), (1, 60));

    public void Dispose() => _board.Dispose();

    [Theory]
    [InlineData("2026-03-28T12:00:00Z", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z")] // the clocks go forward
    [InlineData("2026-10-24T12:00:00Z", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z")] // and back
    [InlineData("2026-07-01T12:00:00Z", "2026-07-01T20:00:00Z", "2026-07-02T04:00:00Z")]
    public void They_go_over_midnight_and_follow_the_wall_clock(string from, string begins, string ends)
    {
        Start(At(from), "22:00-06:00");
        Assert.Equal(1, _board.Pace.IntervalFactor);
        foreach (var (moment, factor) in (ReadOnlySpan<(DateTimeOffset, double)>)
            [(At(begins).AddSeconds(-2), 1), (At(begins).AddSeconds(2), 0.25), (At(ends).AddSeconds(-2), 0.25), (At(ends).AddSeconds(2), 1)])
        {
            _board.Time.SetWall(moment);
            _board.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal((factor, factor), (_board.Pace.IntervalFactor, _board.Duty.Limit));
            Assert.Equal(factor < 1 ? PaceStats.Quiet : PaceStats.None, _board.Pace.Stats!.Reason);
        }

        Assert.Single(_board.Log.Logged(LogLevel.Information, "Quiet hours begin: questions are asked 25 % as often"));
        Assert.Single(_board.Log.Logged(LogLevel.Information, "Quiet hours end."));
    }

    [Fact]
    public void Days_count_and_a_clock_that_is_not_set_has_no_quiet_hours()
    {
        Start(At("1970-01-03T12:00:00Z"), "Sat,Sun");
        Assert.Equal(1, _board.Pace.IntervalFactor);
        _board.Time.SetWall(At("2026-07-04T12:00:00Z"));
        _board.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0.25, _board.Pace.IntervalFactor);
        _board.Time.SetWall(At("2026-07-06T12:00:00Z"));
        _board.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _board.Pace.IntervalFactor);
    }

    [Fact]
    public void A_state_does_not_become_unknown_in_the_moment_in_which_the_night_ends()
    {
        Start(At("2026-07-01T03:59:00Z"), "22:00-06:00");
        Assert.Equal(4, _board.Pace.Patience);
        _board.Time.SetWall(At("2026-07-01T04:00:01Z"));
        _board.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(_board.Pace.Patience, 3.5, 4);
        for (var second = 0; second < 120; second++)
        {
            _board.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, _board.Pace.Patience);
    }

    [Fact]
    public void A_question_is_asked_as_often_as_the_pace_says_and_at_once_when_its_time_has_come_by_the_new_one()
    {
        var (time, pace) = (new FakeTime(), 1.0);
        var question = new StandingQuestion("person", "person", QuestionKind.YesNo, TimeSpan.FromSeconds(10));
        var schedule = new QuestionSchedule([question], _ => true, time, pace: () => pace);
        Assert.Equal([0, 10, 20, 30, 40], Asked(45));
        pace = 0.25;
        Assert.Equal([35, 75], Asked(100));
        pace = 1;
        Assert.Equal([0, 5, 15], Asked(20));

        List<int> Asked(int seconds)
        {
            var asked = new List<int>();
            for (var second = 0; second < seconds; second++)
            {
                if (schedule.IsDue(time.GetTimestamp()) && schedule.TakeDue(time.GetTimestamp(), [], out _).Count > 0)
                {
                    asked.Add(second);
                }

                time.Advance(TimeSpan.FromSeconds(1));
            }

            return asked;
        }
    }

    private static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture);

    private void Start(DateTimeOffset wall, params string[] hours)
    {
        _board.Time.SetWall(wall);
        _board.Start(new PaceSettings { QuietHours = WeeklySchedule.Parse(hours) }, Berlin);
    }
}
