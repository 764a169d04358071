using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>The keys of one configuration file. Each error names the file, the key, its value and what would be accepted. A key
/// that is null counts as absent, as it does where these files are written.</summary>
/// <param name="file">Full path, for messages.</param>
/// <param name="root">An object.</param>
/// <param name="path">Where in the file it is, with a dot at the end; empty for the whole file.</param>
internal sealed class ConfigFields(string file, JsonElement root, string path = "")
{
    private static readonly JsonWriterOptions CompactJson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string File => file;

    public bool Has(string key) => TryGet(key, out _);

    public int Integer(string key, int least, int most, int? fallback = null)
    {
        if (!TryGet(key, out var value) && fallback is { } given)
        {
            return given;
        }

        return ToInteger(value) is { } number && number >= least && number <= most
            ? number
            : throw Error(key, $"a whole number from {least} to {most}");
    }

    /// <summary>A whole number, or a list that holds just one.</summary>
    public int OneInteger(string key, int least, int most, int fallback)
    {
        if (!TryGet(key, out var value) || value.ValueKind != JsonValueKind.Array)
        {
            return Integer(key, least, most, fallback);
        }

        return value.GetArrayLength() == 1 && ToInteger(value[0]) is { } number && number >= least && number <= most
            ? number
            : throw Error(key, $"one whole number from {least} to {most}");
    }

    public float Positive(string key, float? fallback = null)
    {
        if (!TryGet(key, out var value) && fallback is { } given)
        {
            return given;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number)
            && float.IsFinite(number) && number > 0
            ? number
            : throw Error(key, "a number above 0");
    }

    public bool Flag(string key, bool fallback)
    {
        if (!TryGet(key, out var value))
        {
            return fallback;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Error(key, "true or false");
    }

    /// <summary>Null when absent.</summary>
    public string? Text(string key)
    {
        if (!TryGet(key, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Error(key, "a text");
    }

    /// <summary>Null when absent or of another kind.</summary>
    public string? TextOrNull(string key) =>
        TryGet(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Reads three finite numbers, one for each of red, green and blue.</summary>
    public float[] Colour(string key, float[] fallback, bool mayBeZero)
    {
        if (!TryGet(key, out var value))
        {
            return [.. fallback];
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 3)
        {
            var colour = new float[3];
            var good = true;
            foreach (var (index, channel) in value.EnumerateArray().Index())
            {
                good &= channel.ValueKind == JsonValueKind.Number && channel.TryGetSingle(out colour[index])
                    && float.IsFinite(colour[index]) && (mayBeZero || colour[index] > 0);
            }

            if (good)
            {
                return colour;
            }
        }

        throw Error(key, mayBeZero ? "three numbers" : "three numbers above 0");
    }

    /// <summary>The first of a list of texts, null when absent.</summary>
    public string? FirstText(string key) =>
        TryGet(key, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            && value[0].ValueKind == JsonValueKind.String
            ? value[0].GetString()
            : null;

    /// <summary>A nested object, null when absent.</summary>
    public ConfigFields? Section(string key)
    {
        if (!TryGet(key, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object
            ? new ConfigFields(file, value, $"{path}{key}.")
            : throw Error(key, "an object");
    }

    /// <summary>Refuses a key whose value is not one of some.</summary>
    /// <param name="key">The key; absent is accepted.</param>
    /// <param name="isAccepted">Whether a value leaves the arithmetic as it is.</param>
    /// <param name="accepted">The accepted values, for the message.</param>
    public void MustBe(string key, Func<JsonElement, bool> isAccepted, string accepted)
    {
        if (TryGet(key, out var value) && !isAccepted(value))
        {
            throw Error(key, accepted);
        }
    }

    /// <summary>Names of the keys that are not null.</summary>
    public IEnumerable<string> Keys() =>
        root.EnumerateObject().Where(entry => entry.Value.ValueKind != JsonValueKind.Null).Select(entry => entry.Name);

    public void MustBe(string key, string accepted, string? fallback)
    {
        if ((Text(key) ?? fallback) != accepted)
        {
            throw Error(key, $"\"{accepted}\"");
        }
    }

    /// <summary>Whether a value is that number, written in any way.</summary>
    public static bool IsNumber(JsonElement value, double number) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var found) && found == number;

    public CheckpointException Error(string key, string accepted)
    {
        const int longestShown = 100;

        // Written again, because line breaks of the file would be shown as question marks.
        var found = root.TryGetProperty(key, out var value) ? Compact(value) : "missing";
        var shown = found.Length > longestShown ? found[..longestShown] + "..." : found;
        return new CheckpointException(file, $"'{path}{key}' is {shown}; supported is {accepted}.");
    }

    private static string Compact(JsonElement value)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, CompactJson))
        {
            value.WriteTo(json);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Null for what is not a whole number. Some libraries write 2048 as 2048.0.</summary>
    private static int? ToInteger(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsInteger(number)
            && number is >= int.MinValue and <= int.MaxValue
            ? (int)number
            : null;

    private bool TryGet(string key, out JsonElement value) =>
        root.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;
}
