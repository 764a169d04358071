using MobileVlm.Edge.Connectors.Cameras.Feeds;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>A file or folder; which of them is seen when it is opened.</summary>
/// <param name="Path">As it was written, or out of a <c>file://</c> address.</param>
internal sealed record FileSource(string Path) : SourceAddress
{
    private const string Scheme = "file://";

    public static SourceKind Kind { get; } = new()
    {
        Prefixes = [Scheme],
        AcceptsRest = true,
        ListedAs = "a video file (also as file:///PATH), a folder of pictures",
        DocumentedAs = "a video file, also as `file://`; a folder of pictures",
        IsPath = true,
        Parse = source => source.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? FromAddress(source) : new FileSource(source),
    };

    public override string Reader =>
        ImageFolderFeed.Shows(Path) ? "pictures" : OpenCvLibrary.IsAvailable ? "OpenCV" : "ffmpeg";

    public override CameraSettings Adapt(CameraSettings settings) => settings with { Source = Path };

    public override IFrameFeed CreateFeed() => new LocalFeed(OpenCvLibrary.IsAvailable);

    private static FileSource FromAddress(string source)
    {
        var rest = source[Scheme.Length..];
        var path = rest.StartsWith("localhost/", StringComparison.OrdinalIgnoreCase) ? rest["localhost".Length..] : rest;
        return path.StartsWith('/')
            ? new FileSource(Uri.UnescapeDataString(path))
            : throw new FormatException(
                $"'{SecretMask.Patterns(source)}' is not the address of a file on this machine; 'file:///srv/clips/gate.mp4', or the path alone, "
                + "would be accepted.");
    }
}
