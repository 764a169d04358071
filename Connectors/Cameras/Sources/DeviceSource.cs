using MobileVlm.Edge.Connectors.Cameras.Feeds;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A V4L2 device.</summary>
internal sealed record DeviceSource : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["/dev/"],
        PrefixComparison = StringComparison.Ordinal,
        ListedAs = "a device (/dev/video0)",
        DocumentedAs = "`/dev/video0`",
        IsPath = true,
        Requirement = SourceRequirement.Devices,
        Parse = _ => new DeviceSource(),
    };

    public override bool IsLive => true;

    public override string Reader => OpenCvLibrary.IsAvailable ? "OpenCV" : "ffmpeg";

    public override IFrameFeed CreateFeed() => new DeviceFeed(OpenCvLibrary.IsAvailable);
}
