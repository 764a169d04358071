using System.Net;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>An HTTP address without its user and password, which are kept apart.</summary>
/// <param name="Uri">Without user and password.</param>
/// <param name="Login">Null where the address has none.</param>
internal sealed record HttpAddress(Uri Uri, NetworkCredential? Login)
{
    /// <exception cref="FormatException">It is not well formed.</exception>
    public static HttpAddress Parse(string source)
    {
        // Not System.Uri: it refuses passwords that cameras and ffmpeg accept.
        var start = source.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = source.IndexOfAny(['/', '?', '#'], start) is >= 0 and var found ? found : source.Length;
        var at = source.LastIndexOf('@', end - 1, end - start);
        var login = at < 0 ? null : source[start..at];
        var address = at < 0 ? source : source[..start] + source[(at + 1)..];

        // Cameras may distinguish %2F from a slash; what is written is what is sent.
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = address.All(char.IsAscii) };
        if (!Uri.TryCreate(address, options, out var uri))
        {
            throw new FormatException($"'{SecretMask.Patterns(source)}' is not a valid address.");
        }

        return new HttpAddress(uri, login is null ? null : ToLogin(login));
    }

    private static NetworkCredential ToLogin(string login)
    {
        var colon = login.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? new NetworkCredential(Uri.UnescapeDataString(login), "")
            : new NetworkCredential(Uri.UnescapeDataString(login[..colon]), Uri.UnescapeDataString(login[(colon + 1)..]));
    }
}
