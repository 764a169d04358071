using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>A response that is written piece by piece. One caller at a time.</summary>
/// <param name="context">The request.</param>
internal sealed class StreamResponse(RouteContext context)
{
    private const string Sse = "text/event-stream";

    /// <summary>Cutting a connection drops what is still on its way to the socket.</summary>
    private static readonly TimeSpan TimeToSend = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends the headers of a stream of events.</summary>
    public Task BeginEventsAsync() => BeginAsync(Sse);

    /// <summary>Sends the headers of a stream of JSON lines.</summary>
    public Task BeginLinesAsync() => BeginAsync(HttpResponses.Ndjson);

    /// <summary>Writes <c>data: DOCUMENT</c>.</summary>
    public Task WriteDataAsync(JsonNode document) => WriteAsync($"data: {JsonSerializer.Serialize(document, HttpJson.Default.JsonNode)}\n\n");

    /// <summary>Writes <c>data: TEXT</c>; the text is one line.</summary>
    public Task WriteDataAsync(string text) => WriteAsync($"data: {text}\n\n");

    /// <summary>Writes a named event.</summary>
    /// <param name="id">For <c>Last-Event-ID</c>; null leaves the client's last one as it is.</param>
    /// <param name="name">The name.</param>
    /// <param name="json">One line of UTF-8.</param>
    public Task WriteEventAsync(string? id, string name, ReadOnlyMemory<byte> json) =>
        WriteAsync($"{(id is null ? "" : $"id: {id}\n")}event: {name}\ndata: {Encoding.UTF8.GetString(json.Span)}\n\n");

    /// <summary>Writes a comment, which clients ignore and proxies count as traffic.</summary>
    public Task WriteCommentAsync() => WriteAsync(": waiting\n\n");

    /// <summary>Writes one JSON document and a line end.</summary>
    public Task WriteLineAsync(JsonNode document) => WriteAsync(JsonSerializer.Serialize(document, HttpJson.Default.JsonNode) + "\n");

    /// <summary>Reports a failure as an event, then cuts the connection: an orderly end would look like success.</summary>
    public async Task FailEventsAsync(HttpFailureException failure)
    {
        try
        {
            await WriteDataAsync(HttpResponses.ErrorOf(failure, ErrorForm.Object));
        }
        finally
        {
            await AbortAsync();
        }
    }

    /// <summary>Cuts the connection after what was written.</summary>
    public async Task AbortAsync()
    {
        await Task.Delay(TimeToSend, CancellationToken.None);
        context.Http.Abort();
    }

    private async Task BeginAsync(string type)
    {
        var response = context.Http.Response;
        response.ContentType = type;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.StartAsync(context.Stopping);
    }

    private async Task WriteAsync(string text)
    {
        await context.Http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.Stopping);
        await context.Http.Response.Body.FlushAsync(context.Stopping);
    }
}
