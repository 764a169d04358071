using System.Globalization;
using CsCheck;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Questions;

/// <summary>Schedules against tables that are filled by brute force.</summary>
public sealed class ScheduleProperties
{
    private const int MinutesPerDay = 24 * 60;

    private static readonly string[] Days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    // In 2026 clocks in central Europe change at these moments.
    private static readonly DateTimeOffset SummerBegins = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset SummerEnds = new(2026, 10, 25, 1, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Slot> Slots = Gen.Select(
        Gen.Int[1, 0b111_1111], Gen.Int[0, MinutesPerDay - 1], Gen.Int[0, MinutesPerDay], Gen.Bool,
        (days, from, to, isWholeDay) => new Slot(days, isWholeDay ? 0 : from, isWholeDay ? MinutesPerDay : to));

    /// <summary>Anywhere in the year, and often within a day of a change of clocks.</summary>
    private static readonly Gen<DateTimeOffset> Moments = Gen.OneOf(
        Gen.Int[0, 365 * MinutesPerDay - 1].Select(minute => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(minute)),
        Gen.Int[-MinutesPerDay, MinutesPerDay].Select(minute => SummerBegins.AddMinutes(minute)),
        Gen.Int[-MinutesPerDay, MinutesPerDay].Select(minute => SummerEnds.AddMinutes(minute)));

    [Fact]
    public void A_weekly_schedule_contains_the_minutes_of_its_table_and_no_others() =>
        Gen.Select(Slots.Array[1, 3], Moments.Array[1, 50]).Sample(
            (slots, moments) =>
            {
                var schedule = WeeklySchedule.Parse(slots.Select(slot => slot.Text));
                var table = Table(slots);
                foreach (var moment in moments)
                {
                    var local = moment.UtcDateTime.AddHours(moment >= SummerBegins && moment < SummerEnds ? 2 : 1);
                    var minute = ((int)local.DayOfWeek * MinutesPerDay) + (int)local.TimeOfDay.TotalMinutes;

                    Assert.Equal((moment, table[minute]), (moment, schedule.Contains(moment, WeeklyScheduleTests.Berlin)));
                }
            },
            iter: 2_000);

    [Fact]
    public void A_question_is_asked_at_the_frames_that_its_grid_of_times_gives() =>
        Gen.Select(
            Gen.Frequency((1, Gen.Const(0)), (6, Gen.Int[20, 10_000])),
            Gen.Frequency((6, Gen.Int[0, 500]), (1, Gen.Int[500, 60_000])).Array[1, 60]).Sample(
            (every, gaps) =>
            {
                var time = new FakeTime();
                var start = time.GetTimestamp();
                var schedule = new QuestionSchedule(
                    [new StandingQuestion("q", "?", QuestionKind.YesNo, TimeSpan.FromMilliseconds(every))], _ => true, time);
                var early = Math.Min(every / 10.0, 100);
                var now = 0;
                int? due = null;
                foreach (var gap in gaps)
                {
                    now += gap;
                    var isAsked = schedule.TakeDue(start + (now * TimeSpan.TicksPerMillisecond), [], out _).Count > 0;

                    Assert.Equal((now, due is null || now >= due - early), (now, isAsked));
                    due = isAsked ? Next(due ?? now, every, now) : due;
                }
            },
            iter: 2_000);

    /// <summary>The first time of the grid behind both the last one and this moment.</summary>
    private static int Next(int due, int every, int now)
    {
        if (every == 0)
        {
            return now;
        }

        var next = due + every;
        while (next <= now)
        {
            next += every;
        }

        return next;
    }

    /// <summary>One entry for each minute of the week, from Sunday on.</summary>
    private static bool[] Table(IEnumerable<Slot> slots)
    {
        var table = new bool[7 * MinutesPerDay];
        foreach (var slot in slots)
        {
            for (var day = 0; day < 7; day++)
            {
                if ((slot.Days & (1 << day)) == 0)
                {
                    continue;
                }

                var end = slot.To > slot.From ? slot.To : slot.To + MinutesPerDay;
                for (var minute = slot.From; minute < end; minute++)
                {
                    table[((day * MinutesPerDay) + minute) % table.Length] = true;
                }
            }
        }

        return table;
    }

    private sealed record Slot(int Days, int From, int To)
    {
        public string Text => string.Create(
            CultureInfo.InvariantCulture,
            $"{string.Join(',', ScheduleProperties.Days.Where((_, day) => (Days & (1 << day)) != 0))} {Clock(From)}-{Clock(To)}");

        private static string Clock(int minutes) =>
            string.Create(CultureInfo.InvariantCulture, $"{minutes / 60:00}:{minutes % 60:00}");
    }
}
