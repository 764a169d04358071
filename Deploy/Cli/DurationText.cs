using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Durations and times of a video as people write them: <c>1s</c>, <c>500ms</c>, <c>2m</c>, <c>1h30m</c>, <c>00:01:30</c>.</summary>
internal static partial class DurationText
{
    /// <summary>What is accepted, for messages.</summary>
    public const string Accepted = "'1s', '500ms', '2m', '1h30m' or '00:01:30'";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1000);

    /// <summary>Reads a duration.</summary>
    /// <param name="text">A number with <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>, several of them from the largest to the smallest, or
    /// hours:minutes:seconds or minutes:seconds, where the last may have decimals.</param>
    /// <returns>Zero or more.</returns>
    /// <exception cref="FormatException">It is something else; the message completes a sentence that begins with the text.</exception>
    public static TimeSpan Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Number().IsMatch(text))
        {
            throw new FormatException($"has no unit. Write '{text}s' for seconds, or '{text}ms', '{text}m', '{text}h'");
        }

        var seconds = Units().Match(text) is { Success: true } units
            ? (Value(units, "d") * 86400) + (Value(units, "h") * 3600) + (Value(units, "m") * 60) + Value(units, "s") + (Value(units, "ms") / 1000)
            : Clock().Match(text) is { Success: true } clock
                ? (Value(clock, "h") * 3600) + (Value(clock, "m") * 60) + Value(clock, "s")
                : throw new FormatException($"is not a duration; {Accepted} would be accepted");
        return seconds <= (decimal)Longest.TotalSeconds
            ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : throw new FormatException("is longer than 1000 days");
    }

    /// <summary>Writes a time of a video: <c>01:30</c>, <c>1:01:30</c>, with decimals where there are any.</summary>
    public static string Time(TimeSpan time) => Time(time, time.Milliseconds == 0 ? 0 : 3, time.TotalHours >= 1);

    /// <summary>Writes a time of a video in a fixed form, so that times in a list have the same width.</summary>
    /// <param name="time">Zero or more.</param>
    /// <param name="decimals">Of the seconds, 0 to 3.</param>
    /// <param name="withHours">Whether hours are written.</param>
    public static string Time(TimeSpan time, int decimals, bool withHours)
    {
        var unit = TimeSpan.TicksPerSecond / (long)Math.Pow(10, decimals);
        var rounded = TimeSpan.FromTicks((time.Ticks + (unit / 2)) / unit * unit);
        var clock = withHours
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)rounded.TotalHours}:{rounded:mm\\:ss}")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)rounded.TotalMinutes:00}:{rounded:ss}");
        return decimals == 0 ? clock : clock + rounded.ToString("\\." + new string('f', decimals), CultureInfo.InvariantCulture);
    }

    /// <summary>Writes a duration as it would be given: <c>1s</c>, <c>500ms</c>, <c>1m30s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        (int Value, string Unit)[] parts =
            [(duration.Days, "d"), (duration.Hours, "h"), (duration.Minutes, "m"), (duration.Seconds, "s"), (duration.Milliseconds, "ms")];
        return string.Concat(parts.Where(it => it.Value > 0).Select(it => it.Value.ToString(CultureInfo.InvariantCulture) + it.Unit));
    }

    /// <summary>Has an option read its value as a duration.</summary>
    /// <param name="option">The option.</param>
    /// <param name="least">Smallest value that is accepted.</param>
    /// <param name="most">Largest value that is accepted.</param>
    public static void ReadAs(Option<TimeSpan?> option, TimeSpan least, TimeSpan most) => option.CustomParser = result =>
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        try
        {
            var value = Parse(text);
            if (value >= least && value <= most)
            {
                return value;
            }

            result.AddError($"{option.Name} is {Format(least)} to {Format(most)}.");
        }
        catch (FormatException fault)
        {
            result.AddError($"{option.Name}: '{text}' {fault.Message}.");
        }

        return null;
    };

    private static decimal Value(Match match, string group) =>
        match.Groups[group] is { Success: true } found ? decimal.Parse(found.ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\A[0-9]{1,9}(\.[0-9]{1,9})?\z")]
    private static partial Regex Number();

    [GeneratedRegex(
        @"\A(?=.)((?<d>[0-9]{1,9}(\.[0-9]{1,9})?)d)?((?<h>[0-9]{1,9}(\.[0-9]{1,9})?)h)?((?<m>[0-9]{1,9}(\.[0-9]{1,9})?)m(?!s))?"
        + @"((?<s>[0-9]{1,9}(\.[0-9]{1,9})?)s)?((?<ms>[0-9]{1,9}(\.[0-9]{1,9})?)ms)?\z")]
    private static partial Regex Units();

    [GeneratedRegex(@"\A((?<h>[0-9]{1,5}):)?(?<m>[0-5]?[0-9]):(?<s>[0-5]?[0-9](\.[0-9]{1,7})?)\z")]
    private static partial Regex Clock();
}
