using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Page;

/// <summary>The live page at <c>/</c> and its files below <c>/page</c>. They hold no data and need no token.</summary>
internal sealed class PageRoutes(PageFiles files)
{
    /// <summary>What the page may do in the browser: load its own files and nothing else. Frames of the same origin are allowed because
    /// Home Assistant shows the page inside its own.</summary>
    public const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, "/", AccessLevel.None, ErrorForm.Object, context => WriteAsync(context, files.Find(PageFiles.Index)!)),
        new(HttpMethods.Get, "/page/{file}", AccessLevel.None, ErrorForm.Object, context => WriteAsync(
            context, files.Find(context.Values[0]) ?? throw HttpFailureException.NotFound($"the page has no file '{context.Values[0]}'"))),
    ];

    private static Task WriteAsync(RouteContext context, PageFile file)
    {
        var (request, headers) = (context.Http.Request, context.Http.Response.Headers);
        var isCompressed = request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        var tag = $"\"{file.Hash}{(isCompressed ? "-gzip" : "")}\"";
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        context.Http.Response.AppendVary(HeaderNames.AcceptEncoding);

        // Modules name each other without a version: the browser asks each time whether its copy is still the one of this program.
        headers.CacheControl = "no-cache";
        if (isCompressed)
        {
            headers.ContentEncoding = "gzip";
        }

        return context.WriteUnlessKnownAsync(tag, file.Type, isCompressed ? file.Compressed : file.Plain);
    }
}
