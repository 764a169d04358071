using System.Globalization;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>A report, and the explanation of a benchmark, as text.</summary>
internal static class EvaluationText
{
    public static IEnumerable<string> Lines(EvaluationReport report)
    {
        var first = report.First;
        yield return $"{report.Benchmark.Name}: {Count(first.Answers.Count)} items{Sample(report)}, at most {report.MaxTokens} tokens, pictures {report.Pictures}";
        foreach (var note in report.Notes)
        {
            yield return note;
        }

        yield return Named("model", first);
        if (report.Second is { } second)
        {
            yield return Named("compared with", second);
        }

        foreach (var score in first.Scores.Scores)
        {
            var other = report.Second?.Scores.Scores.Where(it => it.Name == score.Name).Select(it => $"{Value(it),10}").FirstOrDefault();
            var interval = score.Name == report.Benchmark.PublishedScore && first.Scores.Interval is { } it ? $"  {Interval(it)}" : "";
            yield return $"{score.Name,-24}{Value(score),10}{other}{interval}";
        }

        foreach (var line in Logits("from logits", first.Logits))
        {
            yield return line;
        }

        foreach (var line in Logits("from logits, second model", report.Second?.Logits))
        {
            yield return line;
        }

        if (report.Comparison is { } found)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"changed answers: {found.Changed.Count} of {first.Answers.Count}; {found.ToRight.Count} to right, {found.ToWrong.Count} to wrong (exact McNemar test: p = {found.P:G3})");
        }
    }

    /// <summary>Where the data comes from and how its folder must look.</summary>
    public static IEnumerable<string> Explain(Benchmark benchmark)
    {
        yield return benchmark.Title;
        yield return $"Published score: {benchmark.PublishedScore}. Its interval: {benchmark.IntervalMethod}.";
        foreach (var (title, lines) in ((string, IReadOnlyList<string>)[])
            [("Where to get the data", benchmark.Source.Get), ("Terms of its publishers (not part of this program; read them before use)", benchmark.Source.Terms), ("Files below --data DIR", benchmark.Source.Layout)])
        {
            yield return "";
            yield return $"{title}:";
            foreach (var line in lines)
            {
                yield return $"  {line}";
            }
        }
    }

    public static string Value(double value) => value.ToString(Math.Abs(value) > 1 ? "F2" : "F4", CultureInfo.InvariantCulture);

    public static string Value(BenchmarkScore score) =>
        score.IsCount ? score.Value.ToString("F0", CultureInfo.InvariantCulture) : Value(score.Value);

    public static string Interval(ScoreInterval interval) => $"({Value(interval.Low)} to {Value(interval.High)}, 95 %)";

    private static IEnumerable<string> Logits(string title, YesNoCalibration? found)
    {
        if (found is not null)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{title}: accuracy {found.Accuracy:F4}, {found.Differing.Count} items differ from the text, mean mass on yes and no {found.MeanMass:G3}, calibration error {found.CalibrationError:F4}");
        }
    }

    private static string Named(string what, ModelResult result) =>
        $"{what}: {result.Model.Name} ({PrecisionText.Line(result.Model)}), files {EvaluationStamps.OfModel(result.Model)}";

    private static string Sample(EvaluationReport report) =>
        report.Sample is { } sample ? $" (a sample of {Count(sample.Of)}, seed {sample.Seed})" : "";

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
