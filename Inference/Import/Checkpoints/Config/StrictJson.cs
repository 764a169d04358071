using System.Text;
using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>JSON from untrusted files: no key twice, limited depth, every text valid Unicode.</summary>
public static class StrictJson
{
    private static readonly UnicodeEncoding LittleEndian = new(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding BigEndian = new(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true);

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>Parses a whole document. The caller disposes it.</summary>
    /// <param name="text">UTF-8 or UTF-16, with or without a byte order mark: some editors write either.</param>
    /// <exception cref="JsonException">It is not JSON, or not strict.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> text)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(ToUtf8(text), Options);
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

    private static ReadOnlyMemory<byte> ToUtf8(ReadOnlyMemory<byte> text)
    {
        var bytes = text.Span;
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            return text[Encoding.UTF8.Preamble.Length..];
        }

        // JSON begins with an ASCII character, which in UTF-16 has one zero byte.
        var encoding = bytes.StartsWith(LittleEndian.Preamble) || bytes is [not 0, 0, ..] ? LittleEndian
            : bytes.StartsWith(BigEndian.Preamble) || bytes is [0, not 0, ..] ? BigEndian
            : null;
        if (encoding is null)
        {
            return text;
        }

        try
        {
            return Encoding.UTF8.GetBytes(encoding.GetString(bytes).TrimStart('\uFEFF'));
        }
        catch (DecoderFallbackException cause)
        {
            throw new JsonException("It begins as UTF-16, but a character in it is not.", cause);
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
