using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>Rules for the text of standing and ad-hoc questions.</summary>
public static class QuestionText
{
    /// <summary>Whether a text has a visible character. A model answers an empty question too, and its answer cannot be
    /// distinguished from others.</summary>
    public static bool HasText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Rune.IsWhiteSpace(rune) && Rune.GetUnicodeCategory(rune)
                is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned))
            {
                return true;
            }
        }

        return false;
    }
}
