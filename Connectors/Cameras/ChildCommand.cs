namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>A program that writes PPM pictures to its standard output.</summary>
internal sealed record ChildCommand
{
    public required string Program { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>What it reads from its standard input, for what must not be seen in the process list; null is nothing.</summary>
    public string? Input { get; init; }

    /// <summary>What to do when the program is not there.</summary>
    public required string Remedy { get; init; }

    /// <summary>What its clean end means once pictures came: a file is finished, a live stream is lost.</summary>
    public required CaptureEndKind EndMeans { get; init; }

    /// <summary>The program cannot limit rate and size itself, so the reader does.</summary>
    public bool LimitsHere { get; init; }
}
