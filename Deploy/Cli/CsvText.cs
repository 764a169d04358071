using System.Buffers;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Comma-separated values as RFC 4180 has them.</summary>
internal static class CsvText
{
    /// <summary>Ends each line.</summary>
    public const string LineEnd = "\r\n";

    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    /// <summary>One line without its end.</summary>
    public static string Line(params IEnumerable<string> fields) => string.Join(',', fields.Select(Field));

    /// <summary>In quotes where it has to be, or where blanks at its ends would be lost.</summary>
    private static string Field(string text) =>
        text.AsSpan().ContainsAny(Special) || (text.Length > 0 && (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1])))
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
}
