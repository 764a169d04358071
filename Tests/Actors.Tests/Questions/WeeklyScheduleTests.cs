using System.Globalization;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.Tests.Questions;

public sealed class WeeklyScheduleTests
{
    // Central European rules written out, so that the machine that runs the tests need not know the zone.
    internal static readonly TimeZoneInfo Berlin = TimeZoneInfo.CreateCustomTimeZone(
        "Berlin",
        TimeSpan.FromHours(1),
        "Berlin",
        "Berlin",
        "Berlin summer",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                DateTime.MinValue.Date,
                DateTime.MaxValue.Date,
                TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 3, 0, 0), 10, 5, DayOfWeek.Sunday)),
        ]);

    [Theory]
    // 2026-03-02 is a Monday.
    [InlineData("Mon-Fri 07:00-19:00", "2026-03-02T07:00", true)]
    [InlineData("Mon-Fri 07:00-19:00", "2026-03-02T06:59:59", false)]
    [InlineData("Mon-Fri 07:00-19:00", "2026-03-02T18:59:59", true)]
    [InlineData("Mon-Fri 07:00-19:00", "2026-03-02T19:00", false)]
    [InlineData("Mon-Fri 07:00-19:00", "2026-03-07T12:00", false)]
    // A night belongs to the day on which it begins: that of Friday ends on Saturday morning.
    [InlineData("Fri 22:00-06:00", "2026-03-06T23:59:59", true)]
    [InlineData("Fri 22:00-06:00", "2026-03-07T05:59:59", true)]
    [InlineData("Fri 22:00-06:00", "2026-03-07T06:00", false)]
    [InlineData("Fri 22:00-06:00", "2026-03-06T05:00", false)]
    // Over the end of the week, whole days, several slots, midnight as an end.
    [InlineData("Sat-Mon", "2026-03-08T12:00", true)]
    [InlineData("Sat-Mon", "2026-03-09T23:59", true)]
    [InlineData("Sat-Mon", "2026-03-10T00:00", false)]
    [InlineData("Mon 00:00-24:00", "2026-03-02T23:59:59", true)]
    [InlineData("sun,wed 10:00-11:00", "2026-03-04T10:30", true)]
    [InlineData("20:00-06:00", "2026-03-05T03:00", true)]
    [InlineData("Mon 08:00-09:00|Tue 10:00-11:00", "2026-03-03T10:30", true)]
    [InlineData("Mon 08:00-09:00|Tue 10:00-11:00", "2026-03-03T08:30", false)]
    public void A_schedule_holds_at_its_times_of_the_week(string slots, string local, bool holds)
    {
        var moment = DateTimeOffset.Parse(local + "Z", CultureInfo.InvariantCulture);

        Assert.Equal(holds, WeeklySchedule.Parse(slots.Split('|')).Contains(moment, TimeZoneInfo.Utc));
    }

    [Theory]
    // Clocks go from 02:00 to 03:00 at 01:00 UTC: a slot in the hour that is left out begins after it...
    [InlineData("02:30-03:30", "2026-03-29T00:59:59Z", false)]
    [InlineData("02:30-03:30", "2026-03-29T01:00:00Z", true)]
    [InlineData("02:30-03:30", "2026-03-29T01:30:00Z", false)]
    // ...and a night is an hour shorter: 22:00 to 06:00 is 21:00 to 04:00 UTC.
    [InlineData("22:00-06:00", "2026-03-28T20:59:59Z", false)]
    [InlineData("22:00-06:00", "2026-03-28T21:00:00Z", true)]
    [InlineData("22:00-06:00", "2026-03-29T03:59:59Z", true)]
    [InlineData("22:00-06:00", "2026-03-29T04:00:00Z", false)]
    // Back from 03:00 to 02:00 at 01:00 UTC: what lies in the hour that comes twice holds twice...
    [InlineData("02:00-02:30", "2026-10-25T00:15:00Z", true)]
    [InlineData("02:00-02:30", "2026-10-25T00:45:00Z", false)]
    [InlineData("02:00-02:30", "2026-10-25T01:15:00Z", true)]
    [InlineData("02:00-02:30", "2026-10-25T01:30:00Z", false)]
    // ...and a night is an hour longer.
    [InlineData("22:00-06:00", "2026-10-24T20:00:00Z", true)]
    [InlineData("22:00-06:00", "2026-10-25T04:59:59Z", true)]
    [InlineData("22:00-06:00", "2026-10-25T05:00:00Z", false)]
    // The day changes by the wall clock: Sunday begins at 23:00 UTC of Saturday.
    [InlineData("Sun", "2026-03-07T22:59:59Z", false)]
    [InlineData("Sun", "2026-03-07T23:00:00Z", true)]
    public void Where_clocks_change_the_wall_clock_is_meant(string slot, string moment, bool holds) => Assert.Equal(
        holds,
        WeeklySchedule.Parse([slot]).Contains(DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture), Berlin));

    [Theory]
    [InlineData("")]
    [InlineData("Mo 07:00-19:00")]
    [InlineData("Mon 7-19")]
    [InlineData("Mon 07:00-25:00")]
    [InlineData("Mon 07:60-19:00")]
    [InlineData("07:00")]
    [InlineData("Mon-Tue-Wed")]
    [InlineData("Mon 07:00-19:00 Tue")]
    public void What_is_not_a_time_of_the_week_is_refused_with_what_is_accepted(string slot) =>
        Assert.Contains("Mon-Fri 07:00-19:00", Assert.Throws<FormatException>(() => WeeklySlot.Parse(slot)).Message, StringComparison.Ordinal);
}
