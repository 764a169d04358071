namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>A program that writes PPM images to its standard output.</summary>
internal sealed record ChildCommand
{
    public required string Program { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Text for its standard input, for secrets that must not be seen in the process list; null when there is none.</summary>
    public string? Input { get; init; }

    /// <summary>Instruction for the operator when the program is not installed.</summary>
    public required string Remedy { get; init; }

    /// <summary>Meaning of an exit without an error once frames came: a file is finished, a live stream is lost.</summary>
    public required CaptureEndKind EndMeans { get; init; }

    /// <summary>The program cannot limit rate and size itself, so the reader does.</summary>
    public bool LimitsHere { get; init; }

    /// <summary>Tried at once when it ended because it could not report packets (see <see cref="FfmpegReport"/>); null when there is none.</summary>
    public ChildCommand? WithoutPackets { get; init; }

    /// <summary>Whether each frame has a mark on standard error (true), those up to the first key frame have (false), or none
    /// has (null, not ffmpeg). See <see cref="FfmpegReport"/>.</summary>
    public bool? MarksAll { get; init; }

    /// <summary>Whether standard error reports each packet.</summary>
    public bool ReportsPackets { get; init; }
}
