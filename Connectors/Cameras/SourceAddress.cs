using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>A source string understood: which kind of source, and its parts.</summary>
internal abstract partial record SourceAddress
{
    /// <summary>What <see cref="Parse"/> accepts, for messages.</summary>
    public const string Accepted =
        "accepted are rtsp://, rtsps://, http:// and https:// addresses, a device (/dev/video0), a video file, "
        + "a folder of pictures, gst:PIPELINE and pattern:WIDTHxHEIGHT@RATE";

    private SourceAddress()
    {
    }

    public sealed record Network : SourceAddress
    {
        public override bool IsLive => true;
    }

    public sealed record Device : SourceAddress
    {
        public override bool IsLive => true;
    }

    /// <summary>A file or folder; which of them is seen when it is opened.</summary>
    public sealed record Local : SourceAddress;

    public sealed record GStreamer(IReadOnlyList<string> Words) : SourceAddress
    {
        public override bool IsLive => true;
    }

    /// <param name="Width">Pixels.</param>
    /// <param name="Height">Pixels.</param>
    /// <param name="Rate">Pictures a second.</param>
    public sealed record Pattern(int Width, int Height, double Rate) : SourceAddress;

    /// <summary>Whether the address by itself promises a view of the present.</summary>
    public virtual bool IsLive => false;

    /// <exception cref="FormatException">It is not well formed; the message says what would be.</exception>
    public static SourceAddress Parse(string? source)
    {
        if (string.IsNullOrWhiteSpace(source))
        {
            throw new FormatException($"The source is empty; {Accepted}.");
        }

        if (source.Any(char.IsControl))
        {
            throw new FormatException($"The source holds a control character; {Accepted}.");
        }

        if (source.StartsWith("gst:", StringComparison.OrdinalIgnoreCase))
        {
            return ParseGStreamer(source["gst:".Length..]);
        }

        if (source.StartsWith("pattern:", StringComparison.OrdinalIgnoreCase))
        {
            return ParsePattern(source);
        }

        var scheme = Scheme().Match(source).Groups["scheme"];
        return scheme.Success ? ParseNetwork(source, scheme.Value.ToLowerInvariant())
            : source.StartsWith("/dev/", StringComparison.Ordinal) ? new Device()
            : new Local();
    }

    /// <summary>As <see cref="IsLive"/>; false for an address that is not well formed.</summary>
    public static bool ClaimsToBeLive(string source)
    {
        try
        {
            return Parse(source).IsLive;
        }
        catch (FormatException)
        {
            // The feed reports the fault at each attempt.
            return false;
        }
    }

    private static GStreamer ParseGStreamer(string pipeline)
    {
        var words = ShellWords.Split(pipeline)
            ?? throw new FormatException("The GStreamer pipeline has an open quote; close it or write it as \\\".");
        return words.Count > 0
            ? new GStreamer(words)
            : throw new FormatException(
                "The GStreamer pipeline is empty; 'gst:v4l2src device=/dev/video0' would be accepted.");
    }

    private static Pattern ParsePattern(string source)
    {
        var match = PatternShape().Match(source);
        if (!match.Success)
        {
            throw new FormatException(
                $"'{source}' is no test pattern; 'pattern:' or 'pattern:640x480@10' would be accepted.");
        }

        var width = Value(match, "width", 640);
        var height = Value(match, "height", 480);
        var rate = Value(match, "rate", 10);
        return width is >= TestPattern.MinSide and <= FramePool.MaxSide
            && height is >= TestPattern.MinSide and <= FramePool.MaxSide
            && rate is > 0 and <= TestPattern.MaxRate
            ? new Pattern((int)width, (int)height, rate)
            : throw new FormatException(
                $"'{source}' is out of range; sides of {TestPattern.MinSide} to {FramePool.MaxSide} pixels and up to "
                + $"{TestPattern.MaxRate} pictures a second would be accepted.");
    }

    private static double Value(Match match, string group, double otherwise) =>
        match.Groups[group] is { Success: true } found
            ? double.Parse(found.Value, CultureInfo.InvariantCulture)
            : otherwise;

    private static Network ParseNetwork(string source, string scheme)
    {
        var shown = SecretMask.Patterns(source);
        if (scheme is not ("rtsp" or "rtsps" or "http" or "https"))
        {
            throw new FormatException($"'{shown}' has the unknown scheme '{scheme}'; {Accepted}.");
        }

        if (source.Contains(' ', StringComparison.Ordinal))
        {
            throw new FormatException($"'{shown}' holds a space; write it as %20.");
        }

        // Not System.Uri: it refuses passwords that cameras and ffmpeg accept.
        var authority = source[(source.IndexOf("://", StringComparison.Ordinal) + 3)..];
        authority = authority[..(authority.IndexOfAny(['/', '?', '#']) is >= 0 and var end ? end : authority.Length)];
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        return HostShape().IsMatch(host)
            ? new Network()
            : throw new FormatException(
                $"'{shown}' has no valid host and port; '{scheme}://user:password@10.0.0.5/stream' would be accepted, "
                + "with '/', '?', '#' and '%' in a password written as %2F, %3F, %23 and %25.");
    }

    [GeneratedRegex("^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.%]+\]|[^:\[\]@]+)(:[0-9]{1,5})?$")]
    private static partial Regex HostShape();

    [GeneratedRegex(
        @"^pattern:((?<width>[0-9]{1,5})x(?<height>[0-9]{1,5}))?(@(?<rate>[0-9]{1,3}(\.[0-9]{1,3})?))?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex PatternShape();
}
