using MobileVlm.Edge.Inference.Performance;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>One measurement: a line of the table.</summary>
/// <param name="Name">For scripts, as <c>decode-4</c>.</param>
/// <param name="Title">For people.</param>
/// <param name="Time">Milliseconds of one run.</param>
internal sealed record BenchResult(string Name, string Title, SampleStatistics Time)
{
    /// <summary>How many units of <see cref="Unit"/> one run produces.</summary>
    public double Count { get; init; } = 1;

    public string Unit { get; init; } = "";

    /// <summary>Least work of one run; null where stages of several kinds are timed together.</summary>
    public Work? Work { get; init; }

    /// <summary>Milliseconds that each question after the first added, by the medians.</summary>
    public double? Further { get; init; }

    /// <summary><see cref="Further"/> as a share of the whole time of the first question.</summary>
    public double? FurtherShare { get; init; }

    /// <summary>Energy of one run; null where the machine does not report it.</summary>
    public EnergyUse? Energy { get; init; }

    /// <summary>Units of <see cref="Unit"/> per second, at the median.</summary>
    public double PerSecond => Count / Time.Median * 1000;
}

/// <summary>The energy of one run, idle power included.</summary>
/// <param name="Joules">Median of the runs.</param>
/// <param name="Watts">Average power during all runs.</param>
internal sealed record EnergyUse(double Joules, double Watts);

/// <summary>Camera to published answer.</summary>
/// <param name="FramesPerSecond">Frames answered per second.</param>
/// <param name="CameraRate">Frames per second of the camera.</param>
/// <param name="Age">Milliseconds from a frame's capture to its answer.</param>
/// <param name="Captured">Frames that the camera captured meanwhile.</param>
/// <param name="Replaced">Of them, replaced by newer ones while they waited.</param>
internal sealed record PipelineResult(double FramesPerSecond, double CameraRate, SampleStatistics Age, long Captured, long Replaced);

/// <summary>Upper limits of the machine, measured in the same run.</summary>
/// <param name="ReadBefore">Bytes per second, all threads, before the other measurements.</param>
/// <param name="ReadAfter">The same after them.</param>
/// <param name="Int8">Operations per second of an int8 product.</param>
/// <param name="Fp32">Operations per second of a float32 product.</param>
internal sealed record Ceilings(double ReadBefore, double ReadAfter, double Int8, double Fp32)
{
    /// <summary>The better of both, because other programs can only reduce it.</summary>
    public double Read => Math.Max(ReadBefore, ReadAfter);
}

/// <summary>All results of one call.</summary>
internal sealed record BenchReport
{
    public required MachineDescription Machine { get; init; }

    public required string Model { get; init; }

    public required string ModelPath { get; init; }

    /// <summary>Precision of each part.</summary>
    public required IReadOnlyDictionary<string, string> Precision { get; init; }

    /// <summary>The kernel of the 8-bit rows of each session that was opened and has any, by its part: <c>vision</c>.</summary>
    public required IReadOnlyDictionary<string, string> Int8Kernels { get; init; }

    public required long VisionBytes { get; init; }

    public required long DecoderBytes { get; init; }

    /// <summary>Bytes of the prefill weights; 0 without.</summary>
    public required long PrefillBytes { get; init; }

    public required int Threads { get; init; }

    public required int Repeats { get; init; }

    public required Ceilings Ceilings { get; init; }

    public required IReadOnlyList<BenchResult> Results { get; init; }

    public PipelineResult? Pipeline { get; init; }

    /// <summary>Memory with the model open, after the measurements; the peak since the ceilings were measured.</summary>
    public required MemoryUse Memory { get; init; }

    /// <summary>The sensors that measured the energy; null without.</summary>
    public string? EnergySource { get; init; }

    /// <summary>Why no energy was measured; null where it was.</summary>
    public string? EnergyReason { get; init; }

    /// <summary>Reasons why the numbers may not be representative.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
