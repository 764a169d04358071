using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>MPEG-TS in UDP packets, to this machine or to a multicast group, which ffmpeg reads.</summary>
internal sealed partial record UdpSource : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["udp://"],
        MayBeNamedByClient = true,
        RecordsClips = true,
        Parse = source => Shape().IsMatch(source["udp://".Length..])
            ? new UdpSource()
            : throw new FormatException(
                $"'{SecretMask.Patterns(source)}' has no port to listen at; 'udp://0.0.0.0:5000' (sent to this machine) or "
                + "'udp://239.1.1.1:5000' (a multicast group) would be accepted."),
    };

    public override bool IsLive => true;

    public override string Reader => "ffmpeg";

    // The stream holds tables that name what is in it, which must have come first; a lost packet does not end it.
    public override IFrameFeed CreateFeed() => new ChildProcessFeed(settings => FfmpegCommand.Stream(
        settings, "udp", ["-analyzeduration", "1000000", "-overrun_nonfatal", "1"]));

    // "@" is what VLC and ffmpeg's own manual put before a multicast group.
    [GeneratedRegex(@"^@?(\[[0-9A-Fa-f:.%]+\]|[^:\[\]@/?# ]*):[0-9]{1,5}/?(\?[^ ]*)?$")]
    private static partial Regex Shape();
}
