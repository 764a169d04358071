using System.Text;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>The payload of a command that switches a question.</summary>
internal static class SwitchText
{
    /// <summary>Characters of a payload that are shown; the words and numbers that are accepted are shorter.</summary>
    private const int MaxShown = 24;

    /// <summary>Reads <c>ON</c>, <c>true</c> or <c>1</c>, <c>OFF</c>, <c>false</c> or <c>0</c>, in any case and with white
    /// space around it.</summary>
    /// <returns>Null for any other text.</returns>
    public static bool? Read(string payload) => payload.Trim().ToUpperInvariant() switch
    {
        "ON" or "TRUE" or "1" => true,
        "OFF" or "FALSE" or "0" => false,
        _ => null,
    };

    /// <summary>The beginning of what somebody sent, for the log: short, on one line, without control characters.</summary>
    /// <param name="text">The payload as received.</param>
    /// <param name="longest">Characters that are kept.</param>
    public static string Excerpt(string text, int longest = MaxShown)
    {
        var excerpt = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Take(longest))
        {
            excerpt.Append(Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is
                System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator
                or System.Globalization.UnicodeCategory.ParagraphSeparator
                    ? "?"
                    : rune.ToString());
        }

        return text.EnumerateRunes().Skip(longest).Any() ? $"{excerpt}…" : excerpt.ToString();
    }
}
