using System.Globalization;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Fits text into a state topic.</summary>
public static class StateText
{
    /// <summary>Most UTF-16 characters of a state: Home Assistant refuses longer ones.</summary>
    public const int MaxLength = 255;

    private const char Ellipsis = '…';

    /// <summary>The text itself, or as much of its beginning as fits with an ellipsis. Never splits a letter from
    /// its accents, nor an emoji.</summary>
    public static string Cut(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= MaxLength)
        {
            return text;
        }

        var kept = WholeElements(text, MaxLength - 1);
        return string.Concat(text.AsSpan(0, kept).TrimEnd(), [Ellipsis]);
    }

    private static int WholeElements(string text, int limit)
    {
        var kept = 0;
        while (kept < text.Length)
        {
            var next = StringInfo.GetNextTextElementLength(text, kept);
            if (kept + next > limit)
            {
                break;
            }

            kept += next;
        }

        // One element can be longer than the limit (accents without end); then only code points stay whole.
        return kept > 0 ? kept : WholeRunes(text, limit);
    }

    private static int WholeRunes(string text, int limit)
    {
        var kept = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (kept + rune.Utf16SequenceLength > limit)
            {
                break;
            }

            kept += rune.Utf16SequenceLength;
        }

        return kept;
    }
}
