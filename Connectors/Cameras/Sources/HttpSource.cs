using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>An HTTP address. Whether it gives images, a stream or a video is seen in its answer.</summary>
internal sealed record HttpSource : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["http://", "https://"],
        SchemesThatNeedSlashes = ["http", "https"],
        MayBeNamedByClient = true,
        Parse = source =>
        {
            RequireHost(source);
            return new HttpSource();
        },
    };

    public override bool IsLive => true;

    public override bool MayBeNamedByCamera => true;

    public override string Reader => "HTTP";

    public override IFrameFeed CreateFeed() => new HttpFeed();
}
