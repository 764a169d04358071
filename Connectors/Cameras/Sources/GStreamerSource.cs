using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A GStreamer pipeline up to raw video.</summary>
/// <param name="Words">The pipeline, split as a shell would.</param>
internal sealed record GStreamerSource(IReadOnlyList<string> Words) : SourceAddress
{
    private const string Prefix = "gst:";

    public static SourceKind Kind { get; } = new()
    {
        Prefixes = [Prefix],
        ListedAs = "gst:PIPELINE",
        DocumentedAs = "`gst:PIPELINE`",
        Requirement = SourceRequirement.GStreamer,
        Parse = Understand,
    };

    public override bool IsLive => true;

    public override string Reader => "gst-launch";

    public override IFrameFeed CreateFeed() => new ChildProcessFeed(settings => GstCommand.Pipeline(settings, Words));

    private static GStreamerSource Understand(string source)
    {
        var words = ShellWords.Split(source[Prefix.Length..])
            ?? throw new FormatException("The GStreamer pipeline has an open quote; close it or write it as \\\".");
        return words.Count > 0
            ? new GStreamerSource(words)
            : throw new FormatException(
                "The GStreamer pipeline is empty; 'gst:v4l2src device=/dev/video0' would be accepted.");
    }
}
