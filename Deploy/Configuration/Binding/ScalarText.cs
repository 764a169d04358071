using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Parses one written value into a property's type, more strictly than .NET, which reads "2" as two days and
/// "24:00:00" as twenty-four days.</summary>
internal static partial class ScalarText
{
    /// <summary>The values that a type accepts, for the reference; null if the rules describe all of it.</summary>
    public static string? Accepted(Type type) =>
        type == typeof(bool) ? "`true` or `false`"
        : type == typeof(int) ? "whole number"
        : type == typeof(double) ? "number"
        : type == typeof(TimeSpan) ? "time"
        : type.IsEnum ? string.Join(" or ", Enum.GetNames(type).Select(name => $"`{name}`"))
        : null;

    /// <returns>The value; null if it is invalid, and then <paramref name="error"/> continues the sentence that the key
    /// begins.</returns>
    public static object? Parse(SettingNode node, Type type, out string error)
    {
        var text = node.Text ?? "";
        error = "";
        object? value =
            type == typeof(string) ? (node.Kind == JsonKind.Text ? text : null)
            : type == typeof(bool) ? (bool.TryParse(text, out var flag) ? flag : null)
            : type == typeof(int) ? ParseWhole(text)
            : type == typeof(double) ? ParseNumber(text)
            : type == typeof(TimeSpan) ? ParseTime(text)
            : ParseName(text, type);
        if (value is null)
        {
            error = type == typeof(string) ? $"is not a text; it would be accepted in quotes (\"{text}\")"
                : type == typeof(TimeSpan) ? $"is not a time; hours:minutes:seconds, such as '{Example(text)}', would be accepted"
                : $"is not understood; {Accepted(type)?.Replace('`', '\'')} would be accepted";
        }

        return value;
    }

    /// <summary>Formats a value so that <see cref="Parse"/> can read it.</summary>
    public static string Format(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static int? ParseWhole(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static double? ParseNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : null;

    // Only names are accepted; .NET would accept "0" too.
    private static object? ParseName(string text, Type type) =>
        Array.Find(Enum.GetNames(type), name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known
            ? Enum.Parse(type, known)
            : null;

    private static TimeSpan? ParseTime(string text)
    {
        var match = TimeShape().Match(text);
        return match.Success && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
    }

    // A bare number most likely means seconds.
    private static string Example(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? Format(TimeSpan.FromSeconds(seconds))
            : "00:00:02";

    [GeneratedRegex(@"\A([0-9]{1,4}\.)?([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]{1,7})?\z")]
    private static partial Regex TimeShape();
}
