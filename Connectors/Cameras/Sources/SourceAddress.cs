using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Cameras.Feeds;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A source string understood: its parts, and the feed that opens it. One record for each kind of source.</summary>
internal abstract partial record SourceAddress
{
    /// <summary>Whether the address by itself promises a view of the present.</summary>
    public virtual bool IsLive => false;

    /// <summary>Whether a camera that is asked for its stream may name such an address. What it names is not
    /// trusted.</summary>
    public virtual bool MayBeNamedByCamera => false;

    /// <summary>The name of its reader, for messages: <c>ffmpeg</c>.</summary>
    public abstract string Reader { get; }

    /// <summary>The settings as the reader understands them.</summary>
    public virtual CameraSettings Adapt(CameraSettings settings) => settings;

    public abstract IFrameFeed CreateFeed();

    /// <summary>Checks the host and port, and returns the text after <c>scheme://</c>.</summary>
    /// <exception cref="FormatException">It has no valid host and port, or a space.</exception>
    protected static string RequireHost(string source)
    {
        var shown = SecretMask.Patterns(source);
        var start = source.IndexOf("://", StringComparison.Ordinal);
        var scheme = source[..start].ToLowerInvariant();
        var rest = source[(start + "://".Length)..];
        if (rest.Contains(' ', StringComparison.Ordinal))
        {
            throw new FormatException($"'{shown}' holds a space; write it as %20.");
        }

        // Not System.Uri: it refuses passwords that cameras and ffmpeg accept.
        var authority = rest[..(rest.IndexOfAny(['/', '?', '#']) is >= 0 and var end ? end : rest.Length)];
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        return HostShape().IsMatch(host)
            ? rest
            : throw new FormatException(
                $"'{shown}' has no valid host and port; '{scheme}://user:password@10.0.0.5/stream' would be accepted, "
                + "with '/', '?', '#' and '%' in a password written as %2F, %3F, %23 and %25.");
    }

    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.%]+\]|[^:\[\]@]+)(:[0-9]{1,5})?$")]
    private static partial Regex HostShape();
}
