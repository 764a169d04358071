using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Reads bodies of requests. Large ones take turns, so that their memory is bounded however many clients send at
/// once; a small one never waits for them. Thread-safe.</summary>
/// <param name="maxBytes">Longest body of an address that has no limit of its own.</param>
internal sealed class RequestBody(int maxBytes) : IDisposable
{
    /// <summary>The limit of documents that hold no picture, in bytes.</summary>
    public const int MaxDocumentBytes = 1024 * 1024;

    /// <summary>The limit of documents with a few short members, in bytes.</summary>
    public const int MaxShortBytes = 64 * 1024;

    /// <summary>Bodies of which more than <see cref="SmallBytes"/> are in memory at once.</summary>
    private const int MaxLarge = 3;

    /// <summary>This much of a body is read before it counts as large, whatever its stated length: a client that sends slowly must not
    /// block others.</summary>
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
    /// <param name="context">The request.</param>
    /// <param name="read">Reads the object.</param>
    /// <param name="limit">Longest body, in bytes; null for the server's.</param>
    /// <exception cref="HttpFailureException">The body is too large or not a JSON object.</exception>
    public Task<T> ReadJsonAsync<T>(RouteContext context, Func<JsonElement, T> read, int? limit = null) => ReadAsync(context, body =>
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
    }, limit);

    /// <summary>Reads the whole body and hands it to the caller, who may keep it. No more than the limit is read.</summary>
    /// <param name="context">The request.</param>
    /// <param name="read">Takes the body.</param>
    /// <param name="limit">Longest body, in bytes; null for the server's.</param>
    /// <exception cref="HttpFailureException">The body is too large or compressed.</exception>
    public async Task<T> ReadAsync<T>(RouteContext context, Func<ReadOnlyMemory<byte>, T> read, int? limit = null)
    {
        var request = context.Http.Request;
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpFailureException(StatusCodes.Status415UnsupportedMediaType, "compressed bodies are not accepted; send it without Content-Encoding", "unsupported_encoding");
        }

        var most = Math.Min(limit ?? maxBytes, maxBytes);
        if (request.ContentLength > most)
        {
            throw TooLarge(most);
        }

        using var turn = new LargeTurn(_large);
        return read(await ReadBytesAsync(request, most, turn, context.Stopping));
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpRequest request, int most, LargeTurn turn, CancellationToken cancel)
    {
        var buffer = new byte[request.ContentLength is { } known ? Math.Min((int)known, SmallBytes) : Math.Min(FirstBytes, most + 1)];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length == request.ContentLength)
                {
                    return buffer;
                }

                if (length >= SmallBytes)
                {
                    await turn.TakeAsync(cancel);
                }

                Array.Resize(ref buffer, (int)(request.ContentLength ?? Math.Min(buffer.Length * 2L, most + 1L)));
            }

            var count = await ReadPartAsync(request, buffer.AsMemory(length), cancel);
            length += count;
            if (length > most)
            {
                throw TooLarge(most);
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

    private static HttpFailureException TooLarge(int most)
    {
        var size = most >= 1024 * 1024 ? $"{most / (1024 * 1024)} MiB" : most >= 1024 ? $"{most / 1024} KiB" : $"{most} bytes";
        return new HttpFailureException(
            StatusCodes.Status413PayloadTooLarge,
            most > MaxDocumentBytes
                ? $"the body is larger than {size}; send smaller or fewer pictures"
                : $"the body is larger than {size}, the most that this address accepts",
            "body_too_large");
    }

    /// <summary>The turn of one large body, which ends with its read.</summary>
    private sealed class LargeTurn(SemaphoreSlim large) : IDisposable
    {
        private bool _isTaken;

        public async Task TakeAsync(CancellationToken cancel)
        {
            if (!_isTaken)
            {
                await large.WaitAsync(cancel);
                _isTaken = true;
            }
        }

        public void Dispose()
        {
            if (_isTaken)
            {
                large.Release();
            }
        }
    }
}
