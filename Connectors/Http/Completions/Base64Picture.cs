using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>A picture inside a request: bare base64 or a data URL. The bytes decide the format; what a client states about it is
/// often wrong. Pictures are never fetched.</summary>
/// <param name="Text">The base64 text, as UTF-8, without the head of a data URL.</param>
/// <param name="Digest">Equal for equal texts.</param>
internal sealed record Base64Picture(ReadOnlyMemory<byte> Text, string Digest)
{
    private static readonly SearchValues<byte> Space = SearchValues.Create(" \t\r\n"u8);

    /// <summary>Reads a text value.</summary>
    /// <param name="value">The JSON text.</param>
    /// <param name="parameter">Its member, for errors.</param>
    /// <exception cref="HttpFailureException">It is an address, or not a text.</exception>
    public static Base64Picture Read(JsonElement value, string parameter)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw HttpFailureException.Invalid(parameter, $"'{parameter}' is not a text; send the picture as base64 or as a data URL");
        }

        // Without a copy as UTF-16, which would take twice the memory of a large picture.
        var raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        var text = raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(value.GetString()!) : raw.ToArray();
        var picture = WithoutHead(text, parameter);
        return new Base64Picture(picture, Convert.ToHexString(SHA256.HashData(picture.Span)));
    }

    /// <summary>The picture file.</summary>
    /// <exception cref="HttpFailureException">The text is not base64.</exception>
    public byte[] Decode(string parameter)
    {
        var clean = Normalize(Text.Span);
        var file = new byte[Base64.GetMaxDecodedFromUtf8Length(clean.Length)];
        return clean.Length > 0 && Base64.DecodeFromUtf8(clean, file, out _, out var length) == OperationStatus.Done
            ? file[..length]
            : throw HttpFailureException.Invalid(parameter, "a picture is not valid base64; send the picture's bytes as base64");
    }

    private static ReadOnlyMemory<byte> WithoutHead(ReadOnlyMemory<byte> text, string parameter)
    {
        var start = text.Span.IndexOfAnyExcept(Space);
        text = start < 0 ? default : text[start..];
        var head = Encoding.ASCII.GetString(text.Span[..Math.Min(text.Length, 16)]);
        if (!head.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return head.Contains("://", StringComparison.Ordinal)
                ? throw HttpFailureException.Invalid(parameter, "this server fetches no pictures; send the picture itself as a data URL (data:image/jpeg;base64,...)")
                : text;
        }

        var comma = text.Span.IndexOf((byte)',');
        if (comma < 0 || !Encoding.ASCII.GetString(text.Span[..comma]).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            throw HttpFailureException.Invalid(parameter, "a data URL is not base64; send data:image/jpeg;base64,...");
        }

        return text[(comma + 1)..];
    }

    /// <summary>The plain alphabet without white space, padded.</summary>
    private static byte[] Normalize(ReadOnlySpan<byte> text)
    {
        var clean = new byte[text.Length + 3];
        var length = 0;
        foreach (var c in text)
        {
            if (c is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'='))
            {
                clean[length++] = c switch { (byte)'-' => (byte)'+', (byte)'_' => (byte)'/', _ => c };
            }
        }

        while (length % 4 != 0 && length < clean.Length)
        {
            clean[length++] = (byte)'=';
        }

        return clean[..length];
    }
}
