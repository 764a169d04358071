using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A moving test pattern.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Rate">Frames per second.</param>
internal sealed partial record PatternSource(int Width, int Height, double Rate) : SourceAddress
{
    public static SourceKind Kind { get; } = new()
    {
        Prefixes = ["pattern:"],
        ListedAs = "pattern:WIDTHxHEIGHT@RATE",
        DocumentedAs = "`pattern:WIDTHxHEIGHT@RATE`",
        MayBeNamedByClient = true,
        Parse = Understand,
    };

    public override string Reader => "test pattern";

    public override IFrameFeed CreateFeed() => new TestPatternFeed(this);

    private static PatternSource Understand(string source)
    {
        var match = Shape().Match(source);
        if (!match.Success)
        {
            throw new FormatException(
                $"'{source}' is not a test pattern; 'pattern:' or 'pattern:640x480@10' would be accepted.");
        }

        var width = Value(match, "width", 640);
        var height = Value(match, "height", 480);
        var rate = Value(match, "rate", 10);
        return width is >= TestPattern.MinSide and <= FramePool.MaxSide
            && height is >= TestPattern.MinSide and <= FramePool.MaxSide
            && rate is > 0 and <= TestPattern.MaxRate
            ? new PatternSource((int)width, (int)height, rate)
            : throw new FormatException(
                $"'{source}' is out of range; sides of {TestPattern.MinSide} to {FramePool.MaxSide} pixels and up to "
                + $"{TestPattern.MaxRate} pictures per second would be accepted.");
    }

    private static double Value(Match match, string group, double otherwise) =>
        match.Groups[group] is { Success: true } found
            ? double.Parse(found.Value, CultureInfo.InvariantCulture)
            : otherwise;

    [GeneratedRegex(
        @"^pattern:((?<width>[0-9]{1,5})x(?<height>[0-9]{1,5}))?(@(?<rate>[0-9]{1,3}(\.[0-9]{1,3})?))?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Shape();
}
