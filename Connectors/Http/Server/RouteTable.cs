using Microsoft.AspNetCore.Http;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>All addresses of the server. A path with a slash at its end or with double slashes is the same path: clients put them
/// together from base addresses that people typed.</summary>
internal sealed class RouteTable(IReadOnlyList<Route> routes)
{
    /// <summary>All routes.</summary>
    public IReadOnlyList<Route> All => routes;

    /// <summary>The form in which an unknown address is reported.</summary>
    public static ErrorForm FormOf(string[] path) =>
        path is ["api", var second, ..] && second != "v1" && path is not ["api", "chat", "completions"] ? ErrorForm.Text : ErrorForm.Object;

    /// <summary>The parts of a path.</summary>
    public static string[] PartsOf(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The methods that a path has; empty for an unknown path.</summary>
    public IReadOnlyList<string> MethodsOf(string[] path)
    {
        var methods = routes.Where(route => route.Match(path) is not null).Select(route => route.Method).Distinct().ToList();
        return methods.Contains(HttpMethods.Get) ? [.. methods, HttpMethods.Head] : methods;
    }

    /// <summary>Finds the route of a request.</summary>
    /// <exception cref="HttpFailureException">There is none: 404, or 405 with the methods of the path.</exception>
    public (Route Route, IReadOnlyList<string> Values) Find(string method, string[] path)
    {
        var asked = HttpMethods.IsHead(method) ? HttpMethods.Get : method;
        foreach (var route in routes)
        {
            if (route.Method.Equals(asked, StringComparison.OrdinalIgnoreCase) && route.Match(path) is { } values)
            {
                return (route, values);
            }
        }

        var methods = MethodsOf(path);
        throw methods.Count == 0
            ? HttpFailureException.NotFound(KnownMistake(path) ?? $"this server has no address /{string.Join('/', path)}")
            : new HttpFailureException(
                StatusCodes.Status405MethodNotAllowed,
                $"/{string.Join('/', path)} does not answer {method}; {string.Join(", ", methods)} would be accepted",
                "method_not_allowed")
            {
                Allowed = methods,
            };
    }

    /// <summary>What a client most likely wants that uses an address of another kind of server.</summary>
    private static string? KnownMistake(string[] path)
    {
        const string NoMore = "this server has";
        return path switch
        {
            ["v1", "responses", ..] or ["responses", ..] => $"{NoMore} no /v1/responses; use /v1/chat/completions",
            ["v1", "embeddings"] or ["embeddings"] or ["api", "embed"] or ["api", "embeddings"] => $"{NoMore} no embeddings",
            ["v1"] => $"{NoMore} no /v1 alone; use /v1/chat/completions or /v1/models",
            ["api", "create" or "copy" or "delete" or "push" or "blobs", ..] => $"{NoMore} one model, which cannot be changed over HTTP",
            _ => null,
        };
    }
}
