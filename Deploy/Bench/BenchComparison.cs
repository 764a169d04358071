using System.Globalization;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>A report beside an earlier result, line by line.</summary>
/// <param name="report">What was measured now.</param>
/// <param name="other">The earlier result.</param>
/// <param name="path">Its file.</param>
internal sealed class BenchComparison(BenchReport report, OtherResult other, string path)
{
    private const double MiB = 1024 * 1024;

    /// <summary>Ceilings that differ by more than this factor say that the machines were not equally fast.</summary>
    private const double CeilingTolerance = 1.2;

    private string OtherProgram => other.Tool is { } tool
        ? other.Machine?.Program is { } program && program.StartsWith(tool, StringComparison.Ordinal) ? program : tool
        : $"mobilevlm {other.Machine?.Program ?? "?"}";

    /// <summary>Lines that both have.</summary>
    public IReadOnlyList<ComparedLine> Compared => [.. Times(), .. Others()];

    /// <summary>Differences because of which the ratios say less about the programs.</summary>
    public IReadOnlyList<string> Warnings => [.. Differences()];

    public ComparisonDocument ToDocument() => new(path, OtherProgram, Warnings, Compared);

    public IEnumerable<string> Lines()
    {
        yield return "";
        yield return $"compared to {OtherProgram} ({path}); a ratio above 1 is better now";
        foreach (var warning in Warnings)
        {
            yield return $"warning   {warning}";
        }

        var lines = Compared;
        if (lines.Count == 0)
        {
            yield return "No line was measured in both.";
            yield break;
        }

        yield return Row("", "now", "other", "ratio", "better");
        foreach (var line in lines)
        {
            yield return Row(
                line.Title, BenchTable.Number(line.Now), BenchTable.Number(line.Other), line.Ratio.ToString("0.00", CultureInfo.InvariantCulture),
                line.Better);
        }

        string[] missing = [.. other.Results!.Select(line => line.Name!).Except(report.Results.Select(r => r.Name))];
        if (missing.Length > 0)
        {
            yield return $"not measured now: {string.Join(", ", missing)}";
        }
    }

    private IEnumerable<ComparedLine> Times()
    {
        foreach (var now in report.Results)
        {
            if (other.Results!.FirstOrDefault(line => line.Name == now.Name) is not { Ms: { Median: { } median } ms } line)
            {
                continue;
            }

            var clear = now.Time.UpperQuartile < ms.LowerQuartile || now.Time.LowerQuartile > ms.UpperQuartile;
            yield return ComparedLine.Create(now.Name, $"{now.Title}, ms", now.Time.Median, median, smallerIsBetter: true, clear);
            if (now.Further is > 0 and { } further && line.FurtherMs is > 0 and { } otherFurther)
            {
                yield return ComparedLine.Create(
                    $"{now.Name}-further", $"  each further of {now.Count:0}, ms", further, otherFurther, smallerIsBetter: true);
            }

            if (now.Energy?.Joules / now.Count is > 0 and { } joules && line.Joules is > 0 and { } otherJoules)
            {
                yield return ComparedLine.Create($"{now.Name}-joules", "  energy per unit, J", joules, otherJoules, smallerIsBetter: true);
            }
        }
    }

    private IEnumerable<ComparedLine> Others()
    {
        if (report.Pipeline is { } pipeline && other.Pipeline?.FramesPerSecond is > 0 and { } rate)
        {
            yield return ComparedLine.Create("pipeline", "pipeline, pictures per second", pipeline.FramesPerSecond, rate, smallerIsBetter: false);
        }

        if (other.Memory?.Peak is > 0 and { } peak)
        {
            yield return ComparedLine.Create("memory-peak", "peak resident memory, MiB", report.Memory.Peak / MiB, peak / MiB, smallerIsBetter: true);
        }
    }

    private IEnumerable<string> Differences()
    {
        var machine = report.Machine;
        if (Differ(Machine(machine.Cpu, machine.Architecture, machine.Processors), Machine(other.Machine?.Cpu, other.Machine?.Architecture, other.Machine?.Processors)) is { } machines)
        {
            yield return $"The machines differ: {machines}.";
        }

        if (Differ($"{report.Threads}", $"{other.Threads}") is { } threads)
        {
            yield return $"The threads differ: {threads}.";
        }

        if (Differ(report.Model, other.Model?.Name) is { } models)
        {
            yield return $"The models differ: {models}.";
        }

        if (Differ(Text(report.Precision), Text(other.Model?.Precision)) is { } precisions)
        {
            yield return $"The precisions differ: {precisions}.";
        }

        if (other.Ceilings is { } ceilings)
        {
            var read = Math.Max(ceilings.ReadBefore ?? 0, ceilings.ReadAfter ?? 0);
            if (Factor(report.Ceilings.Read, read) > CeilingTolerance || Factor(report.Ceilings.Int8, ceilings.Int8 ?? 0) > CeilingTolerance)
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"The machine was not equally fast: now it reads {report.Ceilings.Read / 1e9:0.0} GB/s and multiplies {report.Ceilings.Int8 / 1e9:0} Gop/s (int8), then {read / 1e9:0.0} and {ceilings.Int8 / 1e9:0}.");
            }
        }
    }

    private static string Machine(string? cpu, string? architecture, int? processors) => $"{cpu}, {processors} processors, {architecture}";

    private static string? Text(IReadOnlyDictionary<string, string>? precision) =>
        precision is null ? null : string.Join(", ", precision.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key} {p.Value}"));

    private static string? Differ(string? now, string? other) =>
        now == other ? null : $"now {now}, in the other result {(string.IsNullOrEmpty(other) ? "not stated" : other)}";

    private static double Factor(double a, double b) => a > 0 && b > 0 ? Math.Max(a, b) / Math.Min(a, b) : 1;

    private static string Row(string title, string now, string other, string ratio, string better) =>
        $"{title,-42} {now,9} {other,9} {ratio,7}   {better}".TrimEnd();
}

/// <summary>A line that both results have.</summary>
/// <param name="Name">For scripts: the line's name in <c>results</c>, or another measured value.</param>
/// <param name="Title">For people.</param>
/// <param name="Now">What was measured now.</param>
/// <param name="Other">What the other result has.</param>
/// <param name="Ratio">Above 1 where it is better now.</param>
/// <param name="Better"><c>now</c>, <c>other</c>, or <c>no clear difference</c> where the quartiles overlap.</param>
internal sealed record ComparedLine(string Name, string Title, double Now, double Other, double Ratio, string Better)
{
    /// <param name="name">For scripts.</param>
    /// <param name="title">For people.</param>
    /// <param name="now">Above 0.</param>
    /// <param name="other">Above 0.</param>
    /// <param name="smallerIsBetter">Whether the value is a cost and not a rate.</param>
    /// <param name="clear">False where the spread is larger than the difference.</param>
    public static ComparedLine Create(string name, string title, double now, double other, bool smallerIsBetter, bool clear = true)
    {
        var ratio = smallerIsBetter ? other / now : now / other;
        return new ComparedLine(name, title, now, other, ratio, !clear || ratio == 1 ? "no clear difference" : ratio > 1 ? "now" : "other");
    }
}

/// <summary>The comparison in the document that <c>bench --json</c> prints.</summary>
internal sealed record ComparisonDocument(string Path, string Program, IReadOnlyList<string> Warnings, IReadOnlyList<ComparedLine> Results);
