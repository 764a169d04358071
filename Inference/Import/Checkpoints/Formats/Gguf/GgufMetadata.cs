using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>The keys of one GGUF file. Each error names the file, the key, its value and what would be accepted. Writers differ in
/// the types of numbers, so any integer type is accepted for an integer.</summary>
/// <param name="path">Full path of the file.</param>
/// <param name="values">By key.</param>
internal sealed class GgufMetadata(string path, IReadOnlyDictionary<string, GgufValue> values)
{
    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>A whole number; newer files have one for each layer where all are the same.</summary>
    public int Integer(string key, int least, int most, int? fallback = null)
    {
        if (!values.TryGetValue(key, out var value) && fallback is { } given)
        {
            return given;
        }

        double? number = value switch
        {
            { IsInteger: true } => value.Integer,
            { Type: GgufValueType.Array, Numbers: [var first, ..] } when GgufValue.IsIntegerType(value.ElementType) && value.Numbers.All(n => n == first) => first,
            _ => null,
        };
        return number >= least && number <= most ? (int)number : throw Error(key, $"a whole number from {least} to {most}");
    }

    public float Positive(string key, float? fallback = null)
    {
        if (!values.TryGetValue(key, out var value) && fallback is { } given)
        {
            return given;
        }

        return value is not null && GgufValue.IsFloatType(value.Type) && (float)value.Number is > 0 and < float.PositiveInfinity and var number
            ? number
            : throw Error(key, "a number above 0");
    }

    public bool Flag(string key, bool fallback)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return fallback;
        }

        return value.Type == GgufValueType.Bool ? value.Integer != 0 : throw Error(key, "true or false");
    }

    /// <summary>Null when absent.</summary>
    public string? Text(string key)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return null;
        }

        return value.Type == GgufValueType.String ? Encoding.UTF8.GetString(value.Text) : throw Error(key, "a text");
    }

    /// <summary>An array of strings, which need not be UTF-8; null when absent.</summary>
    public byte[][]? Texts(string key)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return null;
        }

        return value is { Type: GgufValueType.Array, ElementType: GgufValueType.String } ? value.Texts : throw Error(key, "an array of texts");
    }

    /// <summary>An array of integers or floats; null when absent.</summary>
    public double[]? Numbers(string key)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return null;
        }

        return value.Type == GgufValueType.Array && (GgufValue.IsIntegerType(value.ElementType) || GgufValue.IsFloatType(value.ElementType))
            ? value.Numbers
            : throw Error(key, "an array of numbers");
    }

    /// <summary>Three finite numbers, for red, green and blue; the fallback when absent.</summary>
    public float[] Colour(string key, float[] fallback, bool mayBeZero)
    {
        if (Numbers(key) is not { } numbers)
        {
            return [.. fallback];
        }

        return numbers.Length == 3 && numbers.All(n => float.IsFinite((float)n) && (mayBeZero || (float)n != 0))
            ? [.. numbers.Select(n => (float)n)]
            : throw Error(key, mayBeZero ? "three finite numbers" : "three finite numbers, none of them 0");
    }

    /// <summary>Refuses a factor that would change the arithmetic.</summary>
    public void MustBeOne(string key)
    {
        if (values.TryGetValue(key, out var value) && !IsNumber(value, 1))
        {
            throw Error(key, "1");
        }
    }

    /// <summary>Refuses what would change the arithmetic unless it is 0 or false.</summary>
    public void MustBeZero(string key)
    {
        if (values.TryGetValue(key, out var value) && !IsNumber(value, 0))
        {
            throw Error(key, value.Type == GgufValueType.Bool ? "false" : "0");
        }
    }

    public CheckpointException Error(string key, string accepted) => new(
        path, $"'{key}' is {(values.TryGetValue(key, out var value) ? Describe(value) : "missing")}; supported is {accepted}.");

    private static bool IsNumber(GgufValue value, int number) => value switch
    {
        { Type: GgufValueType.Bool } or { IsInteger: true } => value.Integer == number,
        _ when GgufValue.IsFloatType(value.Type) => value.Number == number,
        _ => false,
    };

    private static string Describe(GgufValue value)
    {
        const int LongestShown = 100;
        const int ElementsShown = 4;
        return value.Type switch
        {
            GgufValueType.String => Shorten($"\"{Encoding.UTF8.GetString(value.Text.AsSpan(0, Math.Min(value.Text.Length, LongestShown)))}\""),
            GgufValueType.Bool => value.Integer == 0 ? "false" : "true",
            GgufValueType.Float32 => ((float)value.Number).ToString(CultureInfo.InvariantCulture),
            GgufValueType.Float64 => value.Number.ToString(CultureInfo.InvariantCulture),
            GgufValueType.Array when value.Numbers.Length > 0 => Shorten(
                $"[{string.Join(", ", value.Numbers.Take(ElementsShown).Select(n => n.ToString(CultureInfo.InvariantCulture)))}{(value.Numbers.Length > ElementsShown ? ", ..." : "")}]"),
            GgufValueType.Array => $"an array of {value.Texts.Length} {(value.ElementType == GgufValueType.String ? "texts" : "elements")}",
            _ => value.Integer.ToString(CultureInfo.InvariantCulture),
        };

        static string Shorten(string text) => text.Length > LongestShown ? text[..LongestShown] + "..." : text;
    }
}
