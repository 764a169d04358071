using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.Connectors.Storage.Labels;

/// <summary>The names of the folders below a question, one for each label.</summary>
internal static class LabelFolder
{
    /// <summary>The folder of a label. Letters, digits, spaces, <c>-</c>, <c>_</c> and dots within stay as they are; the UTF-8 bytes of
    /// everything else are written as <c>%2F</c>.</summary>
    public static string NameOf(string value)
    {
        var name = new StringBuilder();
        foreach (var rune in value.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or '-' or '_' || (rune.Value == '.' && name.Length > 0))
            {
                name.Append(rune);
                continue;
            }

            foreach (var b in Encoding.UTF8.GetBytes(rune.ToString()))
            {
                name.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return name.ToString();
    }

    /// <summary>The label of a folder.</summary>
    public static string ValueOf(string name) => Uri.UnescapeDataString(name);
}
