using System.Globalization;
using System.Text;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Deploy.Reports;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>A report as one HTML page with plots, without scripts and without other files.</summary>
internal static class EvaluationPage
{
    /// <summary>Rows of a table of items.</summary>
    private const int MaxRows = 500;

    private const string Style = """
        svg { display: block; max-width: 100%; height: auto; } svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
        .axis { stroke: var(--line); } .first { fill: var(--first); } .second { fill: var(--second); } .interval { stroke: var(--text); stroke-width: 1.5; }
        .diagonal { stroke: var(--dim); stroke-dasharray: 4 4; } .good { color: var(--good); } .bad { color: var(--bad); }
        .key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
        .key.first { background: var(--first); } .key.second { background: var(--second); }
        """;

    public static string Create(EvaluationReport report)
    {
        var page = HtmlPage.Begin($"{report.Benchmark.Name}: {report.First.Model.Name}", Style);
        AddHead(page, report);
        AddScores(page, report);
        AddLogits(page, report);
        AddComparison(page, report);
        AddWrongItems(page, report);
        return HtmlPage.End(page);
    }

    private static void AddHead(StringBuilder page, EvaluationReport report)
    {
        page.AppendLine(CultureInfo.InvariantCulture, $"<h1>{Text(report.Benchmark.Name)}</h1>");
        page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">{Text(report.Benchmark.Title)}</p>");
        AddModel(page, "first", report.First);
        if (report.Second is { } second)
        {
            AddModel(page, "second", second);
        }

        var sample = report.Sample is { } it ? $", a sample of {it.Of} (seed {it.Seed})" : "";
        page.AppendLine(
            CultureInfo.InvariantCulture,
            $"<p>{report.First.Answers.Count} items{sample}, at most {report.MaxTokens} tokens, pictures {report.Pictures}</p>");
        foreach (var note in report.Notes)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<p>{Text(note)}</p>");
        }
    }

    private static void AddModel(StringBuilder page, string key, ModelResult result) => page.AppendLine(
        CultureInfo.InvariantCulture,
        $"<p><span class=\"key {key}\"></span><b>{Text(result.Model.Name)}</b> {Text(PrecisionText.Line(result.Model))} <span class=\"dim\">files {EvaluationStamps.OfModel(result.Model)}</span></p>");

    private static void AddScores(StringBuilder page, EvaluationReport report)
    {
        var scores = report.First.Scores.Scores;
        page.AppendLine("<h2>Scores</h2>");
        page.Append(ScorePlot.Draw(report));
        page.AppendLine("<div class=\"scroll\"><table><tr><th>Score</th><th class=\"number\">Value</th>"
            + (report.Second is null ? "" : "<th class=\"number\">Second model</th>") + "<th>95 % interval</th></tr>");
        foreach (var score in scores)
        {
            var other = report.Second is { } second ? $"<td class=\"number\">{ValueOf(second, score.Name)}</td>" : "";
            var interval = score.Name == report.Benchmark.PublishedScore && report.First.Scores.Interval is { } it
                ? $"{EvaluationText.Value(it.Low)} to {EvaluationText.Value(it.High)}"
                : "";
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Text(score.Name)}</td><td class=\"number\">{EvaluationText.Value(score)}</td>{other}<td>{interval}</td></tr>");
        }

        page.AppendLine("</table></div>");
        page.AppendLine(
            CultureInfo.InvariantCulture, $"<p class=\"dim\">Published score: {Text(report.Benchmark.PublishedScore)}. Interval: {Text(report.Benchmark.IntervalMethod)}.</p>");
    }

    private static void AddLogits(StringBuilder page, EvaluationReport report)
    {
        if (report.First.Logits is not { } first)
        {
            return;
        }

        page.AppendLine("<h2>Yes and no from the logits</h2>");
        AddLogitsLine(page, "first", first);
        if (report.Second?.Logits is { } second)
        {
            AddLogitsLine(page, "second", second);
        }

        page.Append(CalibrationPlot.Draw(first, report.Second?.Logits));
        page.AppendLine("<p class=\"dim\">On the dashed line, the probability of yes is the share of items whose right answer is yes. The area of a dot grows with its number of items.</p>");
    }

    private static void AddLogitsLine(StringBuilder page, string key, YesNoCalibration found) => page.AppendLine(
        CultureInfo.InvariantCulture,
        $"<p><span class=\"key {key}\"></span>accuracy {found.Accuracy:F4}, {found.Differing.Count} items differ from the text, mean mass on yes and no {found.MeanMass:G3}, calibration error {found.CalibrationError:F4}</p>");

    private static void AddComparison(StringBuilder page, EvaluationReport report)
    {
        if (report.Comparison is not { } found)
        {
            return;
        }

        page.AppendLine("<h2>Changed answers</h2>");
        page.AppendLine(
            CultureInfo.InvariantCulture,
            $"<p>{found.Changed.Count} of {report.First.Answers.Count} answers changed: <span class=\"good\">{found.ToRight.Count} to right</span>, <span class=\"bad\">{found.ToWrong.Count} to wrong</span>. Exact McNemar test, two-sided: p = {found.P:G3}.</p>");
        var changed = new HashSet<string>(found.Changed, StringComparer.Ordinal);
        var pairs = report.First.Answers.Zip(report.Second!.Answers).Where(it => changed.Contains(it.First.Item.Id)).ToList();
        if (pairs.Count == 0)
        {
            return;
        }

        page.AppendLine("<div class=\"scroll\"><table><tr><th>Item</th><th>Question</th><th>Right answer</th><th>First model</th><th>Second model</th></tr>");
        foreach (var (first, second) in pairs.Take(MaxRows))
        {
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Text(first.Item.Id)}</td><td class=\"text\">{Question(first.Item)}</td><td class=\"text\">{Truth(first.Item)}</td>{AnswerCell(first)}{AnswerCell(second)}</tr>");
        }

        page.AppendLine("</table></div>");
        AddRest(page, pairs.Count);
    }

    private static void AddWrongItems(StringBuilder page, EvaluationReport report)
    {
        var wrong = report.First.Answers.Where(it => it.Right < 1).ToList();
        page.AppendLine(CultureInfo.InvariantCulture, $"<h2>Items that are not right ({wrong.Count})</h2>");
        if (wrong.Count == 0)
        {
            return;
        }

        page.AppendLine("<div class=\"scroll\"><table><tr><th>Item</th><th>Question</th><th>Right answer</th><th>Answer</th></tr>");
        foreach (var answer in wrong.Take(MaxRows))
        {
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Text(answer.Item.Id)}</td><td class=\"text\">{Question(answer.Item)}</td><td class=\"text\">{Truth(answer.Item)}</td>{AnswerCell(answer)}</tr>");
        }

        page.AppendLine("</table></div>");
        AddRest(page, wrong.Count);
    }

    private static void AddRest(StringBuilder page, int count)
    {
        if (count > MaxRows)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">The first {MaxRows} of {count}; the file of --answers has all.</p>");
        }
    }

    private static string AnswerCell(AnsweredItem answer) =>
        $"<td class=\"text {(answer.Right >= 1 ? "good" : answer.Right > 0 ? "" : "bad")}\">{Text(answer.Text)}</td>";

    /// <summary>The question without the instruction, which is the same for all.</summary>
    private static string Question(BenchmarkItem item) => Text(item.Question[..Math.Max(item.Question.LastIndexOf('\n'), 0)]).Replace("\n", "<br>", StringComparison.Ordinal);

    private static string Truth(BenchmarkItem item) => Text(string.Join(", ", item.Truth.Distinct()));

    private static string ValueOf(ModelResult result, string name) =>
        result.Scores.Scores.Where(it => it.Name == name).Select(it => EvaluationText.Value(it)).FirstOrDefault("");

    private static string Text(string text) => HtmlPage.Text(text);
}
