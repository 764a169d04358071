using System.Net;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>Memory for answers, which grows to the longest one and is used again.</summary>
internal sealed class ReceiveBuffer
{
    private const int FirstLength = 256 * 1024;

    public byte[] Bytes { get; private set; } = new byte[FirstLength];

    public void Double()
    {
        var larger = new byte[Bytes.Length * 2];
        Bytes.CopyTo(larger, 0);
        Bytes = larger;
    }
}

/// <summary>One answer of an HTTP camera, read on the calling thread.</summary>
internal sealed class HttpCameraResponse(HttpResponseMessage message, ReceiveBuffer buffer) : IDisposable
{
    private int _buffered;
    private int _taken;
    private Stream? _body;

    /// <summary>Why it is not what was asked for, with what can be done; null where it is.</summary>
    public string? Fault => message.StatusCode switch
    {
        HttpStatusCode.Unauthorized =>
            $"{Status}: the camera asks for a user and password, or does not accept those in Source",
        HttpStatusCode.Forbidden => $"{Status}: the camera's user may not see this address",
        HttpStatusCode.NotFound =>
            $"{Status}: the camera has nothing at this address; its manual, or its own page, names the right one",
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest =>
            $"{Status}: the camera sends on to '{message.Headers.Location}', which is not followed (from https to http, or more "
            + $"than {HttpCameraClient.MostRedirects} times); set Source to the address where the picture is",
        var status when (int)status is < 200 or >= 400 => Status,
        _ => null,
    };

    /// <summary>The <c>Content-Type</c> as it was sent; null where none was.</summary>
    public string? Type =>
        message.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : null;

    /// <summary>Bytes that the camera announced; null where it announced none.</summary>
    public long? Length => message.Content.Headers.ContentLength;

    private string Status => $"HTTP {(int)message.StatusCode} {message.ReasonPhrase}".TrimEnd();

    /// <summary>The first bytes, which are read again afterwards.</summary>
    public ReadOnlySpan<byte> ReadHead(CancellationToken cancel)
    {
        while (_buffered < HttpAnswers.LeastBytes && Fill(_buffered, HttpAnswers.HeadBytes, cancel))
        {
        }

        return buffer.Bytes.AsSpan(0, _buffered);
    }

    /// <summary>Reads on. Blocks until there is something.</summary>
    /// <returns>0 at the end.</returns>
    public int Read(Memory<byte> into, CancellationToken cancel)
    {
        if (_taken < _buffered)
        {
            var length = Math.Min(into.Length, _buffered - _taken);
            buffer.Bytes.AsSpan(_taken, length).CopyTo(into.Span);
            _taken += length;
            return length;
        }

        _body ??= message.Content.ReadAsStreamAsync(cancel).GetAwaiter().GetResult();
        return _body.ReadAsync(into, cancel).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>The whole body; valid until the next answer is read.</summary>
    /// <exception cref="InvalidDataException">It is longer than allowed.</exception>
    public ReadOnlySpan<byte> ReadAll(int maxBytes, CancellationToken cancel)
    {
        while (Fill(_buffered, buffer.Bytes.Length - _buffered, cancel))
        {
            if (_buffered > maxBytes)
            {
                throw new InvalidDataException($"an answer of more than {maxBytes / 1024 / 1024} MiB, which is the limit");
            }

            if (_buffered == buffer.Bytes.Length)
            {
                buffer.Double();
            }
        }

        return buffer.Bytes.AsSpan(0, _buffered);
    }

    public void Dispose() => message.Dispose();

    private bool Fill(int at, int most, CancellationToken cancel)
    {
        _body ??= message.Content.ReadAsStreamAsync(cancel).GetAwaiter().GetResult();
        var read = _body.ReadAsync(buffer.Bytes.AsMemory(at, most), cancel).AsTask().GetAwaiter().GetResult();
        _buffered += read;
        return read > 0;
    }
}
