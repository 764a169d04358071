using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Writes responses. Text is written with .NET's default escaping, because some clients split lines at characters such
/// as U+2028 inside a JSON string.</summary>
internal static class HttpResponses
{
    public const string Json = "application/json";
    public const string Ndjson = "application/x-ndjson";

    /// <summary>Writes a JSON document.</summary>
    public static Task WriteJsonAsync(this RouteContext context, JsonNode document, int status = StatusCodes.Status200OK) =>
        context.Http.WriteBodyAsync(status, Json, JsonSerializer.SerializeToUtf8Bytes(document, HttpJson.Default.JsonNode), context.Stopping);

    /// <summary>Writes a JSON document that is already UTF-8.</summary>
    public static Task WriteJsonAsync(this RouteContext context, ReadOnlyMemory<byte> document) =>
        context.Http.WriteBodyAsync(StatusCodes.Status200OK, Json, document, context.Stopping);

    /// <summary>Writes a whole body.</summary>
    public static async Task WriteBodyAsync(
        this HttpContext http, int status, string type, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = http.Response.Headers.CacheControl.Count == 0 ? "no-store" : http.Response.Headers.CacheControl;
        await http.Response.Body.WriteAsync(body, cancel);
    }

    /// <summary>Writes a whole body, or nothing with status 304 if the client has it already.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tag">The strong <c>ETag</c> of the body, in quotes; differs between different bodies.</param>
    /// <param name="type">The content type.</param>
    /// <param name="body">The body.</param>
    public static async Task WriteUnlessKnownAsync(this RouteContext context, string tag, string type, ReadOnlyMemory<byte> body)
    {
        var response = context.Http.Response;
        response.Headers.ETag = tag;
        if (IsKnown(context.Http.Request, new EntityTagHeaderValue(tag)))
        {
            // A body that is not sent has no encoding.
            response.Headers.Remove(HeaderNames.ContentEncoding);
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await context.Http.WriteBodyAsync(StatusCodes.Status200OK, type, body, context.Stopping);
    }

    /// <summary>Adds a request header on which the response depends to those that are listed already.</summary>
    public static void AppendVary(this HttpResponse response, string header) => response.Headers.Append(HeaderNames.Vary, header);

    /// <summary>Writes an error in the form of its route.</summary>
    public static Task WriteErrorAsync(this HttpContext http, HttpFailureException failure, ErrorForm form)
    {
        http.Response.Headers.RetryAfter = failure.RetryAfterSeconds;
        if (failure.Status == StatusCodes.Status401Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
        }

        if (failure.Allowed is { } methods)
        {
            http.Response.Headers.Allow = string.Join(", ", methods);
        }

        return http.WriteBodyAsync(
            failure.Status, Json, JsonSerializer.SerializeToUtf8Bytes(ErrorOf(failure, form), HttpJson.Default.JsonNode), http.RequestAborted);
    }

    // A proxy that compresses makes a strong tag weak, so both kinds match.
    private static bool IsKnown(HttpRequest request, EntityTagHeaderValue tag) =>
        request.GetTypedHeaders().IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));

    /// <summary>The document of an error.</summary>
    public static JsonNode ErrorOf(HttpFailureException failure, ErrorForm form) => form switch
    {
        ErrorForm.Text => new JsonObject { ["error"] = failure.Message },
        ErrorForm.Object => ErrorObject(failure),
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, "This form of errors is not written."),
    };

    private static JsonObject ErrorObject(HttpFailureException failure)
    {
        var document = new JsonObject
        {
            ["error"] = new JsonObject
            {
                ["message"] = failure.Message,
                ["type"] = failure.Kind,
                ["param"] = failure.Parameter,
                ["code"] = failure.Code,
            },
        };
        if (failure.Progress is { } progress)
        {
            document["progress"] = progress.ToJson();
        }

        return document;
    }

    /// <summary>A time as the Ollama API writes it.</summary>
    public static string Timestamp(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
