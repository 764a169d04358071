using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>One line of the table.</summary>
/// <param name="Name">For scripts, as <c>decode-4</c>.</param>
/// <param name="Title">For people.</param>
/// <param name="Time">Milliseconds of one run.</param>
internal sealed record BenchResult(string Name, string Title, Spread Time)
{
    /// <summary>How many of <see cref="Counted"/> one run makes.</summary>
    public double Count { get; init; } = 1;

    public string Counted { get; init; } = "";

    /// <summary>What one run costs at least; null where stages of several kinds are timed together.</summary>
    public Work? Work { get; init; }

    /// <summary>Milliseconds that each question after the first added, by the medians.</summary>
    public double? Further { get; init; }

    /// <summary><see cref="Further"/> as a share of the whole time of the first question.</summary>
    public double? FurtherShare { get; init; }

    /// <summary>At the median.</summary>
    public double PerSecond => Count / Time.Median * 1000;
}

/// <summary>Camera to published answer.</summary>
/// <param name="FramesPerSecond">Pictures answered.</param>
/// <param name="CameraRate">Pictures a second that the camera gave.</param>
/// <param name="Age">Milliseconds from the picture's capture to its answer.</param>
/// <param name="Captured">Frames that the camera gave meanwhile.</param>
/// <param name="Replaced">Of them, replaced by newer ones while they waited.</param>
internal sealed record PipelineResult(double FramesPerSecond, double CameraRate, Spread Age, long Captured, long Replaced);

/// <summary>What the box can do at most, measured in the same run.</summary>
/// <param name="ReadBefore">Bytes a second, all threads, before the other measurements.</param>
/// <param name="ReadAfter">The same after them.</param>
/// <param name="Int8">Operations a second of an int8 product.</param>
/// <param name="Fp32">Operations a second of a float32 product.</param>
internal sealed record Ceilings(double ReadBefore, double ReadAfter, double Int8, double Fp32)
{
    /// <summary>The better of both, since neighbours only take away.</summary>
    public double Read => Math.Max(ReadBefore, ReadAfter);
}

/// <summary>Everything that one call found.</summary>
internal sealed record BenchReport
{
    public required MachineDescription Box { get; init; }

    public required string Model { get; init; }

    public required string ModelPath { get; init; }

    /// <summary>Precision of each part.</summary>
    public required IReadOnlyDictionary<string, string> Precision { get; init; }

    public required long VisionBytes { get; init; }

    public required long DecoderBytes { get; init; }

    /// <summary>Of the decoder's second weights; 0 without.</summary>
    public required long PrefillBytes { get; init; }

    public required int Threads { get; init; }

    public required int Repeats { get; init; }

    public required Ceilings Ceilings { get; init; }

    public required IReadOnlyList<BenchResult> Results { get; init; }

    public PipelineResult? Pipeline { get; init; }

    /// <summary>Resident bytes with the model open, behind the measurements; the largest since the ceilings.</summary>
    public required MemoryUse Memory { get; init; }

    /// <summary>What makes the numbers doubtful.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
