using System.Globalization;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>The report as a table for people: plain lines, which can be piped and pasted.</summary>
internal static class BenchTable
{
    private const double Giga = 1e9;
    private const double MiB = 1024 * 1024;

    public static IEnumerable<string> Lines(BenchReport report)
    {
        var (machine, ceilings) = (report.Machine, report.Ceilings);
        yield return $"model     {report.Model} ({string.Join(", ", report.Precision.Select(p => $"{p.Key} {p.Value}"))})";
        yield return F($"          weights on disk: vision {report.VisionBytes / MiB:0} MiB, decoder {report.DecoderBytes / MiB:0} MiB")
            + (report.PrefillBytes > 0 ? F($", prefill weights {report.PrefillBytes / MiB:0} MiB") : "");
        if (report.Int8Kernels.Count > 0)
        {
            yield return $"          int8 kernels: {string.Join("; ", report.Int8Kernels.Select(k => $"{k.Key} {k.Value}"))}";
        }

        yield return $"machine   {machine.Cpu}, {machine.Processors} processors ({string.Join(' ', machine.Instructions)}), {machine.Architecture}";
        yield return F($"          last cache {machine.LastCacheBytes / MiB:0} MiB, memory {machine.MemoryBytes / MiB / 1024:0.0} GiB, load {machine.LoadAverage:0.00} at the start");
        yield return $"system    {machine.System}, kernel {machine.Kernel}{(machine.Governor is { } governor ? $", governor {governor}" : "")}";
        yield return $"program   mobilevlm {machine.Program}, ONNX Runtime {machine.OnnxRuntime}, .NET {machine.DotNet}";
        yield return F($"threads   {report.Threads}; medians of {report.Repeats} runs after one that is not counted");
        yield return F($"ceilings  read {ceilings.ReadBefore / Giga:0.0} GB/s before, {ceilings.ReadAfter / Giga:0.0} after; products {ceilings.Int8 / Giga:0} Gop/s int8, {ceilings.Fp32 / Giga:0} float32");
        yield return F($"memory    {report.Memory.Resident / MiB:0} MiB resident with the model open, {report.Memory.NotMapped / MiB:0} of it not mapped from files; peak {report.Memory.Peak / MiB:0}");
        foreach (var warning in report.Warnings)
        {
            yield return $"warning   {warning}";
        }

        if (report.Results.Count > 0)
        {
            yield return "";
            yield return Row("ms", "median", "min", "quartiles", "max", "per second", "Gop/s", "int8", "fp32", "GB/s", "read");
            foreach (var result in report.Results)
            {
                yield return Line(result, ceilings);
            }
        }

        foreach (var line in Further(report.Results).Concat(Energy(report)).Concat(Pipeline(report.Pipeline)))
        {
            yield return line;
        }
    }

    private static string Line(BenchResult result, Ceilings ceilings)
    {
        var (time, runs) = (result.Time, 1000 / result.Time.Median);
        var (operations, bytes) = (result.Work?.Operations * runs, result.Work?.Bytes * runs);
        return Row(
            result.Title,
            Number(time.Median),
            Number(time.Min),
            $"{Number(time.LowerQuartile)}-{Number(time.UpperQuartile)}",
            Number(time.Max),
            $"{Number(result.PerSecond)} {result.Unit}",
            operations is { } o ? Number(o / Giga) : "",
            Share(operations / ceilings.Int8),
            Share(operations / ceilings.Fp32),
            bytes is { } b ? Number(b / Giga) : "",
            Share(bytes / ceilings.Read));
    }

    private static IEnumerable<string> Further(IReadOnlyList<BenchResult> results)
    {
        BenchResult[] asked = [.. results.Where(result => result.Further is not null)];
        if (asked.Length > 0)
        {
            yield return "";
            yield return "each further question on the same picture: " + string.Join(
                ", ", asked.Select(result => F($"{Number(result.Further!.Value)} ms of {result.Count:0} ({result.FurtherShare:p1} of the first)")));
        }
    }

    private static IEnumerable<string> Energy(BenchReport report)
    {
        BenchResult[] answers = [.. report.Results.Where(result => result.Energy is not null && (result.Name == "first" || result.Unit == "answers"))];
        if (answers.Length > 0)
        {
            yield return "";
            yield return $"energy per answer, idle power included ({report.EnergySource}): " + string.Join(", ", answers.Select(result =>
                F($"{Number(result.Energy!.Joules / result.Count)} J at {Number(result.Energy.Watts)} W ({result.Title})")));
        }
    }

    private static IEnumerable<string> Pipeline(PipelineResult? result)
    {
        if (result is not null)
        {
            yield return "";
            yield return F($"pipeline  {result.FramesPerSecond:0.00} pictures per second answered (camera {result.CameraRate:0}), age at answer {result.Age.Median:0} ms median, {result.Age.Max:0} at most; {result.Captured} captured, {result.Replaced} replaced by newer ones");
        }
    }

    private static string Row(params ReadOnlySpan<string> cells)
    {
        int[] widths = [29, 8, 8, 15, 8, 16, 7, 6, 6, 6, 6];
        var line = cells[0].PadRight(widths[0]);
        for (var i = 1; i < cells.Length; i++)
        {
            line += " " + cells[i].PadLeft(widths[i]);
        }

        return line.TrimEnd();
    }

    /// <summary>Formats a number with about three significant digits.</summary>
    internal static string Number(double value) => value.ToString(
        Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);

    private static string Share(double? share) => share is { } s ? F($"{s:0%}") : "";

    private static string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
