using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>An RTSP stream, which ffmpeg opens.</summary>
/// <param name="Address">As ffmpeg understands it.</param>
/// <param name="Transport">The transport that the scheme asks for; null where it names none.</param>
internal sealed record RtspSource(string Address, string? Transport) : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["rtsp://", "rtsps://", "rtspt://", "rtspu://"],
        ListedPrefixes = ["rtsp://", "rtsps://", "rtspt://"],
        SchemesThatNeedSlashes = ["rtsp", "rtsps"],
        MayBeNamedByClient = true,
        RecordsClips = true,
        Parse = Understand,
    };

    public override bool IsLive => true;

    public override bool MayBeNamedByCamera => true;

    public override string Reader => "ffmpeg";

    public override CameraSettings Adapt(CameraSettings settings) =>
        settings with { Source = Address, RtspTransport = Transport ?? settings.RtspTransport };

    public override IFrameFeed CreateFeed() => new ChildProcessFeed(settings => FfmpegCommand.Stream(
        settings,
        "rtsp,rtsps,rtp,rtcp,udp,tcp,tls,srtp,crypto",
        [.. FfmpegCommand.NoProbing, "-rtsp_transport", settings.RtspTransport]));

    private static RtspSource Understand(string source)
    {
        var rest = RequireHost(source);

        // The transport in the scheme, as GStreamer, VLC and Home Assistant write it.
        return source.StartsWith("rtspt://", StringComparison.OrdinalIgnoreCase) ? new RtspSource($"rtsp://{rest}", "tcp")
            : source.StartsWith("rtspu://", StringComparison.OrdinalIgnoreCase) ? new RtspSource($"rtsp://{rest}", "udp")
            : new RtspSource(source, null);
    }
}
