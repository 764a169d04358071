using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Reads bodies of requests. Large ones take turns, so that their memory is bounded however many clients send at
/// once. Thread-safe.</summary>
/// <param name="maxBytes">Longest body.</param>
internal sealed class RequestBody(int maxBytes) : IDisposable
{
    /// <summary>Bodies above <see cref="SmallBytes"/>, or of unknown length, that are in memory at once.</summary>
    private const int MaxLarge = 3;

    private const int SmallBytes = 1024 * 1024;
    private const int FirstBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = 64,
    };

    private readonly SemaphoreSlim _large = new(MaxLarge);

    public void Dispose() => _large.Dispose();

    /// <summary>Reads a JSON object, whatever the content type, and hands it to the caller; the document is gone when the task
    /// ends.</summary>
    /// <exception cref="HttpFailureException">The body is too large or not a JSON object.</exception>
    public Task<T> ReadJsonAsync<T>(RouteContext context, Func<JsonElement, T> read) => ReadAsync(context, body =>
    {
        try
        {
            using var document = JsonDocument.Parse(body.IsEmpty ? "{}"u8.ToArray() : body, Lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(document.RootElement)
                : throw HttpFailureException.Invalid(null, "the body is not a JSON object");
        }
        catch (JsonException error)
        {
            throw HttpFailureException.Invalid(null, $"the body is not JSON: {error.Message}");
        }
        catch (InvalidOperationException)
        {
            // JSON may hold bytes or escapes that are no text, which shows only when a text is read.
            throw HttpFailureException.Invalid(null, "the body holds text that is not UTF-8, or half of a surrogate pair");
        }
    });

    /// <summary>Reads the whole body and hands it to the caller, who may keep it.</summary>
    /// <exception cref="HttpFailureException">The body is too large or compressed.</exception>
    public async Task<T> ReadAsync<T>(RouteContext context, Func<ReadOnlyMemory<byte>, T> read)
    {
        var request = context.Http.Request;
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpFailureException(StatusCodes.Status415UnsupportedMediaType, "compressed bodies are not accepted; send it without Content-Encoding", "unsupported_encoding");
        }

        if (request.ContentLength > maxBytes)
        {
            throw TooLarge();
        }

        var isLarge = request.ContentLength is null or > SmallBytes;
        if (isLarge)
        {
            await _large.WaitAsync(context.Stopping);
        }

        try
        {
            return read(await ReadBytesAsync(request, context.Stopping));
        }
        finally
        {
            if (isLarge)
            {
                _large.Release();
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpRequest request, CancellationToken cancel)
    {
        var buffer = new byte[request.ContentLength is { } known ? (int)known : FirstBytes];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (request.ContentLength is not null)
                {
                    return buffer;
                }

                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, maxBytes + 1L));
            }

            var count = await ReadPartAsync(request, buffer.AsMemory(length), cancel);
            length += count;
            if (length > maxBytes)
            {
                throw TooLarge();
            }

            if (count == 0)
            {
                return buffer.AsMemory(0, length);
            }
        }
    }

    private static async Task<int> ReadPartAsync(HttpRequest request, Memory<byte> buffer, CancellationToken cancel)
    {
        try
        {
            return await request.Body.ReadAsync(buffer, cancel);
        }
        catch (IOException error) when (error is not Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            // Kestrel's own words, for example about the size of a chunk; a client that left gets no response.
            throw HttpFailureException.Invalid(null, $"the body cannot be read: {error.Message}");
        }
    }

    private HttpFailureException TooLarge() => new(
        StatusCodes.Status413PayloadTooLarge,
        string.Create(CultureInfo.InvariantCulture, $"the body is larger than {maxBytes / (1024 * 1024)} MiB; send smaller or fewer pictures"),
        "body_too_large");
}
