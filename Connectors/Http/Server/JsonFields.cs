using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Reads members of a request leniently: null counts as absent, and a whole number may be written with a
/// fraction of zero.</summary>
internal static class JsonFields
{
    /// <summary>The member; null when it is absent or null.</summary>
    public static JsonElement? Get(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    /// <summary>The text of a member; null when it is absent or another kind of value.</summary>
    public static string? Text(this JsonElement parent, string name) =>
        parent.Get(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>Whether a member is true; another kind of value counts as absent.</summary>
    public static bool? Flag(this JsonElement parent, string name) => parent.Get(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>A number within limits.</summary>
    /// <exception cref="HttpFailureException">It is not a finite number, or out of the limits.</exception>
    public static double? Number(this JsonElement parent, string name, double min, double max)
    {
        if (parent.Get(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max
            ? number
            : throw HttpFailureException.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"'{name}' is not a number from {min} to {max}"));
    }

    /// <summary>A whole number within limits.</summary>
    /// <exception cref="HttpFailureException">It is not a whole number, or out of the limits.</exception>
    public static int? Whole(this JsonElement parent, string name, int min, int max) =>
        parent.Number(name, min, max) is not { } number ? null
        : number == Math.Floor(number) ? (int)number
        : throw HttpFailureException.Invalid(name, $"'{name}' is not a whole number");

    /// <summary>A limit of tokens. A negative one stands for none, as some clients send it, and one above the largest
    /// number for the largest.</summary>
    /// <exception cref="HttpFailureException">It is not a number.</exception>
    public static int? TokenLimit(this JsonElement parent, string name) =>
        parent.Number(name, double.MinValue, double.MaxValue) is { } number && number >= 0 ? (int)Math.Min(number, int.MaxValue) : null;

    /// <summary>One text or a list of texts.</summary>
    /// <exception cref="HttpFailureException">An element is not a text, is empty, or there are more than the maximum.</exception>
    public static IReadOnlyList<string> Texts(this JsonElement parent, string name, int maxCount, int maxLength)
    {
        if (parent.Get(name) is not { } value)
        {
            return [];
        }

        var elements = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : new[] { value };
        if (elements.Length > maxCount || elements.Any(element => element.ValueKind != JsonValueKind.String))
        {
            throw HttpFailureException.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"'{name}' is not a text or a list of up to {maxCount} texts"));
        }

        string[] texts = [.. elements.Select(element => element.GetString()!).Where(text => text.Length > 0)];
        return texts.All(text => text.Length <= maxLength)
            ? texts
            : throw HttpFailureException.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"'{name}' holds a text of more than {maxLength} characters"));
    }
}
