using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary>Reads the number out of what a model wrote: <c>There are two cars.</c>, <c>About 1,250</c>, <c>-3.5 °C</c>,
/// <c>twenty-one</c>, <c>None.</c></summary>
internal static partial class NumberParser
{
    private static readonly Dictionary<string, int> Small = Count(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        + "eighteen nineteen");

    private static readonly Dictionary<string, int> Tens = "twenty thirty forty fifty sixty seventy eighty ninety"
        .Split(' ').Index().ToDictionary(it => it.Item, it => (it.Index + 2) * 10);

    private static readonly Dictionary<string, int> Scales =
        new() { ["hundred"] = 100, ["thousand"] = 1000, ["million"] = 1_000_000 };

    private static readonly HashSet<string> Nothing = ["no", "none", "nobody", "nothing", "nil"];

    /// <summary>The one number of a text; null when there is none or there are different ones. A number before
    /// <paramref name="unit"/> wins over those without it.</summary>
    public static double? Read(string text, string? unit)
    {
        var found = Digits().Matches(text)
            .Select(match => (Number: FromDigits(match.Value), Behind: text[(match.Index + match.Length)..]))
            .Concat(Words(text))
            .ToList();
        if (unit is not null && found.FindAll(it => StandsBefore(it.Behind, unit)) is { Count: > 0 } measured)
        {
            found = measured;
        }

        return found.Select(it => it.Number).Distinct().ToArray() switch
        {
            [var one] => one,
            [] when Word().Matches(text).Any(word => Nothing.Contains(Lower(word))) => 0,
            _ => null,
        };
    }

    private static bool StandsBefore(string behind, string unit) =>
        behind.AsSpan().TrimStart().StartsWith(unit, StringComparison.OrdinalIgnoreCase);

    // A comma groups thousands, as English has it.
    private static double FromDigits(string digits) =>
        double.Parse(digits.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    /// <summary>Numbers in words; a run of them is one number.</summary>
    private static IEnumerable<(double Number, string Behind)> Words(string text)
    {
        double sum = 0, part = 0;
        int? end = null;
        foreach (Match match in Word().Matches(text))
        {
            var word = Lower(match);
            if (end is not null && word == "and")
            {
                continue;
            }

            if (Small.TryGetValue(word, out var small) || Tens.TryGetValue(word, out small))
            {
                // "one two" are two numbers, "twenty one" and "hundred one" are one.
                if (end is not null && part % (small < 10 ? 10 : 100) != 0)
                {
                    yield return (sum + part, text[end.Value..]);
                    (sum, part) = (0, 0);
                }

                part += small;
            }
            else if (Scales.TryGetValue(word, out var scale) && end is not null)
            {
                (sum, part) = scale == 100 ? (sum, part * 100) : (sum + (part * scale), 0);
            }
            else if (end is not null)
            {
                yield return (sum + part, text[end.Value..]);
                (sum, part, end) = (0, 0, null);
                continue;
            }
            else
            {
                continue;
            }

            end = match.Index + match.Length;
        }

        if (end is not null)
        {
            yield return (sum + part, text[end.Value..]);
        }
    }

    private static string Lower(Match word) => word.Value.ToLowerInvariant();

    private static Dictionary<string, int> Count(string words) =>
        words.Split(' ').Index().ToDictionary(it => it.Item, it => it.Index);

    // A minus only where it cannot be a hyphen.
    [GeneratedRegex(@"(?<![\w.,:-])-?\d+(,\d{3})*(\.\d+)?(?![\d]|[.:,]\d)")]
    private static partial Regex Digits();

    [GeneratedRegex(@"[A-Za-z]+")]
    private static partial Regex Word();
}
