using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Columns and rows of a terminal, in characters.</summary>
internal readonly record struct ScreenSize(int Width, int Height);

/// <summary>Describes what a terminal can show. The few colors only mark: yes is green, problems are red, and less important
/// text is dim; all are readable on dark and on light backgrounds.</summary>
/// <param name="Colors">The colors of the terminal; none with <c>NO_COLOR</c>.</param>
/// <param name="Unicode">Whether it shows more than ASCII.</param>
internal sealed record ScreenStyle(ColorSystem Colors, bool Unicode)
{
    public static readonly Style Strong = new(decoration: Decoration.Bold);

    public static readonly Style Dim = new(decoration: Decoration.Dim);

    public static readonly Style Yes = new(Color.Green);

    public static readonly Style Problem = new(Color.Red);

    public char Ellipsis => Unicode ? '…' : '~';

    /// <summary>Cuts the text to a number of columns.</summary>
    public string Fit(string text, int columns)
    {
        if (columns <= 0)
        {
            return "";
        }

        if (Columns(text) <= columns)
        {
            return text;
        }

        var kept = new StringBuilder();
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var next = Columns(rune.ToString());
            if (used + next > columns - 1)
            {
                break;
            }

            kept.Append(rune);
            used += next;
        }

        return kept.Append(Ellipsis).ToString();
    }

    /// <summary>Cuts or pads the text to exactly a number of columns.</summary>
    public string Pad(string text, int columns, bool right = false)
    {
        var fitted = Fit(text, columns);
        var fill = new string(' ', Math.Max(0, columns - Columns(fitted)));
        return right ? fill + fitted : fitted + fill;
    }

    /// <summary>The number of columns that a text needs in a terminal.</summary>
    public static int Columns(string text) => new Segment(text).CellCount();
}
