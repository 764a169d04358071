using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>JSON from untrusted files: no key twice, limited depth, every text valid Unicode.</summary>
public static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>Parses a whole document. The caller disposes it.</summary>
    /// <exception cref="JsonException">It is not JSON, or not strict.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(utf8, Options);
            RequireUnicode(document.RootElement);
            return document;
        }
        catch (InvalidOperationException cause)
        {
            // A text that is not Unicode gives this, also while the parser searches for duplicate keys.
            document?.Dispose();
            throw new JsonException(cause.Message, cause);
        }
    }

    /// <summary>The parser decodes texts only when asked, and would fail wherever that happens to be.</summary>
    private static void RequireUnicode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
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
