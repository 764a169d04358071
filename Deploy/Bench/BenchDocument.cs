using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>The document that <c>bench --json</c> prints. Times in milliseconds, sizes in bytes, rates per second; shares are
/// of the ceilings, 0..1.</summary>
internal sealed record BenchDocument
{
    [JsonPropertyName("box")]
    public required MachineDescription Machine { get; init; }

    public required ModelDocument Model { get; init; }

    public required int Threads { get; init; }

    public required int Repeats { get; init; }

    public required CeilingsDocument Ceilings { get; init; }

    public required IReadOnlyList<ResultDocument> Results { get; init; }

    public PipelineDocument? Pipeline { get; init; }

    public required MemoryUse Memory { get; init; }

    /// <summary>What the energies of the results were measured with; null without sensors.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? EnergySource { get; init; }

    /// <summary>Why no energy was measured; null where it was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? EnergyReason { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    public ComparisonDocument? ComparedTo { get; init; }

    public static BenchDocument From(BenchReport report, BenchComparison? comparison = null) => new()
    {
        Machine = report.Machine,
        Model = new ModelDocument(report.Model, report.ModelPath, report.Precision, report.VisionBytes, report.DecoderBytes, report.PrefillBytes, report.Int8Kernels),
        Threads = report.Threads,
        Repeats = report.Repeats,
        Ceilings = new CeilingsDocument(
            report.Ceilings.ReadBefore, report.Ceilings.ReadAfter, report.Ceilings.Int8, report.Ceilings.Fp32),
        Results = [.. report.Results.Select(result => From(result, report.Ceilings))],
        Pipeline = report.Pipeline is { } p
            ? new PipelineDocument(p.FramesPerSecond, p.CameraRate, SpreadDocument.From(p.Age), p.Captured, p.Replaced)
            : null,
        Memory = report.Memory,
        EnergySource = report.EnergySource,
        EnergyReason = report.EnergyReason,
        Warnings = report.Warnings,
        ComparedTo = comparison?.ToDocument(),
    };

    private static ResultDocument From(BenchResult result, Ceilings ceilings)
    {
        var runs = 1000 / result.Time.Median;
        return new ResultDocument
        {
            Name = result.Name,
            Title = result.Title,
            Ms = SpreadDocument.From(result.Time),
            PerSecond = result.PerSecond,
            Counted = result.Unit,
            Operations = result.Work?.Operations,
            Bytes = result.Work?.Bytes,
            OperationsPerSecond = result.Work?.Operations * runs,
            BytesPerSecond = result.Work?.Bytes * runs,
            ShareOfInt8 = result.Work?.Operations * runs / ceilings.Int8,
            ShareOfFp32 = result.Work?.Operations * runs / ceilings.Fp32,
            ShareOfRead = result.Work?.Bytes * runs / ceilings.Read,
            FurtherMs = result.Further,
            FurtherShare = result.FurtherShare,
            Joules = result.Energy?.Joules / result.Count,
            Watts = result.Energy?.Watts,
        };
    }
}

/// <summary>The model that was measured.</summary>
/// <param name="Name">Name in the manifest.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Precision">Precision of each part.</param>
/// <param name="VisionBytes">Weights of the vision part on the disk.</param>
/// <param name="DecoderBytes">Weights of the decoder on the disk.</param>
/// <param name="PrefillBytes">Its prefill weights; 0 where there are none or they are not used.</param>
/// <param name="Int8Kernels">Kernel of the 8-bit rows by part; without parts that have none.</param>
internal sealed record ModelDocument(
    string Name, string Path, IReadOnlyDictionary<string, string> Precision, long VisionBytes, long DecoderBytes, long PrefillBytes,
    IReadOnlyDictionary<string, string> Int8Kernels);

/// <summary>Upper limits of the machine.</summary>
/// <param name="ReadBefore">Bytes per second, all threads, before the measurements.</param>
/// <param name="ReadAfter">The same after them.</param>
/// <param name="Int8">Operations per second.</param>
/// <param name="Fp32">Operations per second.</param>
internal sealed record CeilingsDocument(double ReadBefore, double ReadAfter, double Int8, double Fp32);

/// <summary>One line of the table.</summary>
internal sealed record ResultDocument
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    public required SpreadDocument Ms { get; init; }

    public required double PerSecond { get; init; }

    public required string Counted { get; init; }

    public double? Operations { get; init; }

    public double? Bytes { get; init; }

    public double? OperationsPerSecond { get; init; }

    public double? BytesPerSecond { get; init; }

    public double? ShareOfInt8 { get; init; }

    public double? ShareOfFp32 { get; init; }

    public double? ShareOfRead { get; init; }

    public double? FurtherMs { get; init; }

    public double? FurtherShare { get; init; }

    /// <summary>Joules of one of the units that <see cref="Counted"/> names; null without sensors.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Joules { get; init; }

    /// <summary>Average power during all runs, in watts; null without sensors.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Watts { get; init; }
}

/// <summary>Samples in the order in which they were taken.</summary>
internal sealed record SpreadDocument(
    double Median, double Min, double LowerQuartile, double UpperQuartile, double Max, IReadOnlyList<double> Samples)
{
    public static SpreadDocument From(SampleStatistics s) => new(s.Median, s.Min, s.LowerQuartile, s.UpperQuartile, s.Max, s.Samples);
}

/// <summary>Camera to published answer.</summary>
internal sealed record PipelineDocument(
    double FramesPerSecond, double CameraRate, SpreadDocument AgeMs, long FramesCaptured, long FramesReplaced);

[JsonSerializable(typeof(BenchDocument))]
internal sealed partial class BenchDocumentJson : JsonSerializerContext
{
    public static BenchDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
