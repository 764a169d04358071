namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Times of the week by the wall clock of one time zone. When clocks change, the wall clock counts: a night from
/// 22:00 to 06:00 is an hour shorter or longer then, and a slot that begins in the skipped hour begins after it.</summary>
public sealed record WeeklySchedule
{
    private WeeklySchedule(EquatableList<WeeklySlot> slots) => Slots = slots;

    public static WeeklySchedule Always { get; } = new([]);

    /// <summary>The slots of the schedule; none means always.</summary>
    public EquatableList<WeeklySlot> Slots { get; }

    /// <param name="slots">As <see cref="WeeklySlot.Parse"/> reads them; none means always.</param>
    /// <exception cref="FormatException">A slot cannot be read; the message completes a sentence that begins with the slot.</exception>
    public static WeeklySchedule Parse(IEnumerable<string> slots) => new([.. slots.Select(WeeklySlot.Parse)]);

    /// <param name="moment">Any offset.</param>
    /// <param name="zone">The time zone of the schedule.</param>
    public bool Contains(DateTimeOffset moment, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(moment, zone).DateTime;
        return Slots.Count == 0 || Slots.Any(slot => slot.Contains(local));
    }
}

/// <summary>A time of day on some days of the week.</summary>
/// <param name="Days">Bit 0 is Sunday; the days on which it begins.</param>
/// <param name="From">Since midnight, itself included.</param>
/// <param name="To">Since midnight, not included; not after <paramref name="From"/> means on the next day.</param>
public readonly record struct WeeklySlot(int Days, TimeSpan From, TimeSpan To)
{
    private const int EveryDay = 0b111_1111;

    private static readonly string[] DayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    /// <summary>Syntax that <see cref="Parse"/> accepts, for messages.</summary>
    public const string Accepted = "'Mon-Fri 07:00-19:00', 'Sat,Sun 22:00-06:00', '20:00-06:00' or 'Sun'";

    /// <summary>Days, times or both: <c>Mon-Fri,Sun 07:00-19:00</c>.</summary>
    /// <exception cref="FormatException">The text cannot be read; the message completes a sentence that begins with the text.</exception>
    public static WeeklySlot Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words switch
        {
            [var one] when char.IsAsciiDigit(one[0]) => Of(EveryDay, one),
            [var days] => new WeeklySlot(ParseDays(days), TimeSpan.Zero, TimeSpan.FromDays(1)),
            [var days, var times] => Of(ParseDays(days), times),
            _ => throw Unreadable(),
        };
    }

    public bool Contains(DateTime local)
    {
        var time = local.TimeOfDay;
        return From < To
            ? BeginsOn(local) && time >= From && time < To
            : (BeginsOn(local) && time >= From) || (BeginsOn(local.AddDays(-1)) && time < To);
    }

    private bool BeginsOn(DateTime day) => (Days & (1 << (int)day.DayOfWeek)) != 0;

    private static WeeklySlot Of(int days, string times) =>
        times.Split('-') is [var from, var to] ? new WeeklySlot(days, ParseTime(from), ParseTime(to)) : throw Unreadable();

    private static int ParseDays(string text)
    {
        var days = 0;
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-').Select(ParseDay).ToArray();
            if (ends.Length > 2)
            {
                throw Unreadable();
            }

            // Fri-Mon goes over the end of the week.
            for (var day = ends[0]; ; day = (day + 1) % 7)
            {
                days |= 1 << day;
                if (day == ends[^1])
                {
                    break;
                }
            }
        }

        return days;
    }

    private static int ParseDay(string text) =>
        Array.FindIndex(DayNames, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is >= 0 and var day
            ? day
            : throw Unreadable();

    private static TimeSpan ParseTime(string text) =>
        text.Split(':') is [{ Length: 1 or 2 } hours, { Length: 2 } minutes]
        && int.TryParse(hours, System.Globalization.NumberStyles.None, null, out var h)
        && int.TryParse(minutes, System.Globalization.NumberStyles.None, null, out var m)
        && (h < 24 || (h == 24 && m == 0)) && m < 60
            ? new TimeSpan(h, m, 0)
            : throw Unreadable();

    private static FormatException Unreadable() => new($"is not a time of the week; {Accepted} would be accepted");
}
