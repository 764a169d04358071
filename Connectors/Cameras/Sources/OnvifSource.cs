using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A camera that is asked where its stream is.</summary>
internal sealed record OnvifSource(OnvifAddress Address) : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["onvif://"],
        DocumentedAs = "`onvif://[USER@]HOST[:PORT][?profile=TOKEN]`",
        SchemesThatNeedSlashes = ["onvif"],
        MayBeNamedByClient = true,
        RecordsClips = true,
        Parse = source => new OnvifSource(OnvifAddress.Parse(source)),
    };

    public override bool IsLive => true;

    public override string Reader => "ONVIF";

    public override IFrameFeed CreateFeed() => new OnvifFeed(Address);
}
