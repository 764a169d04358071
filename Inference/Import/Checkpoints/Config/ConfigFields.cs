using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>The keys of one configuration file. Each error names the file, the key, its value and what would be accepted. A key
/// that is null counts as absent, as it does where these files are written.</summary>
internal sealed class ConfigFields(string file, JsonElement root)
{
    public string File => file;

    public bool Has(string key) => TryGet(key, out _);

    public int Integer(string key, int least, int most, int? fallback = null)
    {
        if (!TryGet(key, out var value) && fallback is { } given)
        {
            return given;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            && number >= least && number <= most
            ? number
            : throw Error(key, $"a whole number from {least} to {most}");
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
            ? new ConfigFields(file, value)
            : throw Error(key, "an object");
    }

    /// <summary>Refuses what would silently compute something else than the model that was trained.</summary>
    public void MustBeAbsent(string key)
    {
        if (Has(key))
        {
            throw Error(key, "null");
        }
    }

    public void MustBe(string key, string accepted, string? fallback)
    {
        if ((Text(key) ?? fallback) != accepted)
        {
            throw Error(key, $"\"{accepted}\"");
        }
    }

    public void MustBeFalse(string key)
    {
        if (Flag(key, fallback: false))
        {
            throw Error(key, "false");
        }
    }

    public CheckpointException Error(string key, string accepted)
    {
        const int longestShown = 100;
        var found = root.TryGetProperty(key, out var value) ? value.GetRawText() : "missing";
        var shown = found.Length > longestShown ? found[..longestShown] + "..." : found;
        return new CheckpointException(file, $"'{key}' is {shown}; supported is {accepted}.");
    }

    private bool TryGet(string key, out JsonElement value) =>
        root.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;
}
