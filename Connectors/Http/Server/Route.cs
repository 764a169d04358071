using Microsoft.AspNetCore.Http;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>The form in which a route reports errors.</summary>
internal enum ErrorForm
{
    /// <summary><c>{"error":{"message","type","param","code"}}</c>.</summary>
    Object,

    /// <summary><c>{"error":"text"}</c>, as Ollama's clients show it.</summary>
    Text,
}

/// <summary>A request with what its route's pattern matched.</summary>
/// <param name="Http">The request and its response.</param>
/// <param name="Values">The parts of the path for the pattern's placeholders, in their order.</param>
/// <param name="Stopping">Cancelled when the client leaves or the server stops.</param>
internal sealed record RouteContext(HttpContext Http, IReadOnlyList<string> Values, CancellationToken Stopping);

/// <summary>One address of the server.</summary>
/// <param name="Method">GET answers HEAD too.</param>
/// <param name="Pattern">A path; a part in braces (<c>/v1/models/{id}</c>) matches any one part, and with a star
/// (<c>{id*}</c>) all that follow.</param>
/// <param name="Access">What a client needs.</param>
/// <param name="Form">The form of its errors.</param>
/// <param name="Handler">Answers the request.</param>
internal sealed record Route(string Method, string Pattern, AccessLevel Access, ErrorForm Form, Func<RouteContext, Task> Handler)
{
    private readonly string[] _parts = Pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A busy server refuses with this status.</summary>
    public int BusyStatus { get; init; } = StatusCodes.Status503ServiceUnavailable;

    /// <summary>An address of it that was signed needs no token.</summary>
    public bool IsSignable { get; init; }

    /// <summary>Matches the parts of a path.</summary>
    /// <returns>The values of the placeholders; null if the path is another.</returns>
    public IReadOnlyList<string>? Match(string[] path)
    {
        var values = new List<string>();
        for (var i = 0; i < _parts.Length; i++)
        {
            var part = _parts[i];
            if (i >= path.Length)
            {
                return null;
            }

            if (part.StartsWith('{') && part.EndsWith("*}", StringComparison.Ordinal))
            {
                values.Add(string.Join('/', path[i..]));
                return values;
            }

            if (part.StartsWith('{'))
            {
                values.Add(path[i]);
            }
            else if (!part.Equals(path[i], StringComparison.Ordinal))
            {
                return null;
            }
        }

        return path.Length == _parts.Length ? values : null;
    }
}
