using System.Globalization;
using System.Numerics;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Reads values of a request's query.</summary>
internal static class QueryFields
{
    /// <summary>A text; null when it is absent or empty.</summary>
    public static string? Text(this RouteContext context, string name) =>
        context.Http.Request.Query[name].FirstOrDefault() is { Length: > 0 } text ? text : null;

    /// <summary>A text that must be there.</summary>
    /// <exception cref="HttpFailureException">It is missing.</exception>
    public static string RequiredText(this RouteContext context, string name) =>
        context.Text(name) ?? throw HttpFailureException.Invalid(name, $"'{name}' is missing");

    /// <summary>A whole number; null when it is absent.</summary>
    /// <exception cref="HttpFailureException">It is not one, or out of the limits.</exception>
    public static T? Whole<T>(this RouteContext context, string name, T min, T max)
        where T : struct, IBinaryInteger<T> =>
        context.Text(name) is not { } text ? null
        : T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max ? number
        : throw HttpFailureException.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"'{name}' is not a whole number from {min} to {max}"));

    /// <summary>A moment; null when it is absent. Without an offset it is UTC.</summary>
    /// <exception cref="HttpFailureException">It is not one.</exception>
    public static DateTimeOffset? Moment(this RouteContext context, string name)
    {
        if (context.Text(name) is not { } text)
        {
            return null;
        }

        // A plus sign that is not escaped arrives as a space.
        return DateTimeOffset.TryParse(
            text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : throw HttpFailureException.Invalid(name, $"'{name}' is not a time such as 2026-12-01T03:00:00Z");
    }

    /// <summary>One of some words; null when it is absent.</summary>
    /// <exception cref="HttpFailureException">It is another one.</exception>
    public static string? Word(this RouteContext context, string name, params string[] words) =>
        context.Text(name) is not { } text ? null
        : words.Contains(text, StringComparer.Ordinal) ? text
        : throw HttpFailureException.Invalid(name, $"'{name}' is none of {string.Join(", ", words)}");
}
