using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A stream of an RTMP server, which ffmpeg opens.</summary>
internal sealed record RtmpSource : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["rtmp://", "rtmps://"],
        MayBeNamedByClient = true,
        RecordsClips = true,
        Parse = source =>
        {
            RequireHost(source);
            return new RtmpSource();
        },
    };

    public override bool IsLive => true;

    public override string Reader => "ffmpeg";

    // The stream begins with a table that names what is in it, which must have come before anything can be decoded.
    public override IFrameFeed CreateFeed() => new ChildProcessFeed(settings => FfmpegCommand.Stream(
        settings, "rtmp,rtmps,tcp,tls", ["-analyzeduration", "1000000"]));
}
