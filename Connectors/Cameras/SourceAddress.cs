using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>A source string understood: which kind of source, and its parts.</summary>
internal abstract partial record SourceAddress
{
    /// <summary>What <see cref="Parse"/> accepts, for messages.</summary>
    public const string Accepted =
        "accepted are rtsp://, rtsps://, rtspt://, http://, https://, rtmp://, rtmps://, udp:// and onvif:// addresses, a device (/dev/video0), "
        + "a video file (also as file:///PATH), a folder of pictures, gst:PIPELINE and pattern:WIDTHxHEIGHT@RATE";

    private SourceAddress()
    {
    }

    /// <summary>A stream that ffmpeg opens by itself.</summary>
    /// <param name="Kind">Which protocol.</param>
    /// <param name="Address">As ffmpeg understands it.</param>
    /// <param name="Transport">The RTSP transport that the scheme asks for; null where it says nothing.</param>
    public sealed record Stream(StreamKind Kind, string Address, string? Transport = null) : SourceAddress
    {
        public override bool IsLive => true;
    }

    /// <summary>An HTTP address. Whether it gives pictures, a stream or a video is seen in its answer.</summary>
    public sealed record Http : SourceAddress
    {
        public override bool IsLive => true;
    }

    public sealed record Device : SourceAddress
    {
        public override bool IsLive => true;
    }

    /// <summary>A camera that is asked where its stream is.</summary>
    public sealed record Onvif(OnvifAddress Address) : SourceAddress
    {
        public override bool IsLive => true;
    }

    /// <summary>A file or folder; which of them is seen when it is opened.</summary>
    /// <param name="Path">As it was written, or out of a <c>file://</c> address.</param>
    public sealed record Local(string Path) : SourceAddress;

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
        return scheme.Value.Equals("onvif", StringComparison.OrdinalIgnoreCase) ? new Onvif(OnvifAddress.Parse(source))
            : scheme.Success ? ParseNetwork(source, scheme.Value.ToLowerInvariant())
            : source.StartsWith("/dev/", StringComparison.Ordinal) ? new Device()
            : new Local(source);
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

    private static SourceAddress ParseNetwork(string source, string scheme)
    {
        var shown = SecretMask.Patterns(source);
        var rest = source[(scheme.Length + "://".Length)..];
        switch (scheme)
        {
            case "file":
                return ParseFile(rest, shown);
            case "rtsp" or "rtsps":
                RequireHost(rest, scheme, shown);
                return new Stream(StreamKind.Rtsp, source);
            case "rtspt" or "rtspu":
                // As GStreamer, VLC and Home Assistant write the transport.
                RequireHost(rest, scheme, shown);
                return new Stream(StreamKind.Rtsp, $"rtsp://{rest}", scheme == "rtspt" ? "tcp" : "udp");
            case "rtmp" or "rtmps":
                RequireHost(rest, scheme, shown);
                return new Stream(StreamKind.Rtmp, source);
            case "udp":
                return UdpShape().IsMatch(rest)
                    ? new Stream(StreamKind.Udp, source)
                    : throw new FormatException(
                        $"'{shown}' has no port to listen at; 'udp://0.0.0.0:5000' (sent to this machine) or "
                        + "'udp://239.1.1.1:5000' (a multicast group) would be accepted.");
            case "http" or "https":
                RequireHost(rest, scheme, shown);
                return new Http();
            default:
                throw new FormatException($"'{shown}' has the unknown scheme '{scheme}'; {Accepted}.");
        }
    }

    private static Local ParseFile(string rest, string shown)
    {
        var path = rest.StartsWith("localhost/", StringComparison.OrdinalIgnoreCase) ? rest["localhost".Length..] : rest;
        return path.StartsWith('/')
            ? new Local(Uri.UnescapeDataString(path))
            : throw new FormatException(
                $"'{shown}' is not the address of a file on this machine; 'file:///srv/clips/gate.mp4', or the path alone, would be accepted.");
    }

    private static void RequireHost(string rest, string scheme, string shown)
    {
        if (rest.Contains(' ', StringComparison.Ordinal))
        {
            throw new FormatException($"'{shown}' holds a space; write it as %20.");
        }

        // Not System.Uri: it refuses passwords that cameras and ffmpeg accept.
        var authority = rest[..(rest.IndexOfAny(['/', '?', '#']) is >= 0 and var end ? end : rest.Length)];
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        if (!HostShape().IsMatch(host))
        {
            throw new FormatException(
                $"'{shown}' has no valid host and port; '{scheme}://user:password@10.0.0.5/stream' would be accepted, "
                + "with '/', '?', '#' and '%' in a password written as %2F, %3F, %23 and %25.");
        }
    }

    [GeneratedRegex("^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.%]+\]|[^:\[\]@]+)(:[0-9]{1,5})?$")]
    private static partial Regex HostShape();

    // "@" is what VLC and ffmpeg's own manual put before a multicast group.
    [GeneratedRegex(@"^@?(\[[0-9A-Fa-f:.%]+\]|[^:\[\]@/?# ]*):[0-9]{1,5}/?(\?[^ ]*)?$")]
    private static partial Regex UdpShape();

    [GeneratedRegex(
        @"^pattern:((?<width>[0-9]{1,5})x(?<height>[0-9]{1,5}))?(@(?<rate>[0-9]{1,3}(\.[0-9]{1,3})?))?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex PatternShape();
}
