using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Strict JSON out of a checkpoint: small, an object, no key twice.</summary>
internal static class JsonFile
{
    // The largest that is published is an index of some hundred kilobytes.
    private const long LargestBytes = 16 << 20;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <returns>The whole document, detached from any buffer.</returns>
    public static JsonElement Read(string path)
    {
        using var file = WeightFile.Open(path);
        if (file.Length > LargestBytes)
        {
            throw file.Fault($"has {file.Length} bytes; a configuration has at most {LargestBytes}.");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(0, bytes);
        return Parse(path, bytes);
    }

    public static JsonElement Parse(string path, ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            RequireUnicode(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new CheckpointException(path, "holds JSON, but not an object. Download it again.");
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what a text gives that is not Unicode.
            throw new CheckpointException(path, $"is not JSON: {cause.Message} Download it again.", cause);
        }
    }

    /// <summary>The parser decodes texts only when asked, and would fail wherever that happens to be.</summary>
    private static void RequireUnicode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    RequireUnicode(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    RequireUnicode(property.Value);
                }

                break;
            default:
                break;
        }
    }
}
