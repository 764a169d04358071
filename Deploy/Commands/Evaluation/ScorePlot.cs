using System.Globalization;
using System.Net;
using System.Text;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>Horizontal bars of the scores, one for each model, with the interval of the published one. Scores of different units have
/// axes of their own, which end at the largest possible value.</summary>
internal static class ScorePlot
{
    private const int Left = 190;
    private const int Width = 520;
    private const int BarHeight = 10;
    private const int RowGap = 10;

    public static string Draw(EvaluationReport report)
    {
        // Counts are in the table only.
        var scores = report.First.Scores.Scores.Where(it => !it.IsCount).ToList();
        ModelResult[] results = report.Second is { } second ? [report.First, second] : [report.First];
        var row = (results.Length * BarHeight) + RowGap;
        var svg = new StringBuilder();
        svg.AppendLine(
            CultureInfo.InvariantCulture,
            $"<svg role=\"img\" aria-label=\"Scores\" width=\"{Left + Width + 70}\" height=\"{(scores.Count * row) + RowGap}\" viewBox=\"0 0 {Left + Width + 70} {(scores.Count * row) + RowGap}\">");
        foreach (var (index, (name, _, _, scale)) in scores.Index())
        {
            var top = (index * row) + RowGap;
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{top + (row - RowGap) / 2 + 4}\" text-anchor=\"end\">{WebUtility.HtmlEncode(name)}</text>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"{Left}\" x2=\"{Left + Width}\" y1=\"{top + row - RowGap}\" y2=\"{top + row - RowGap}\"/>");
            foreach (var (place, result) in results.Index())
            {
                AddBar(svg, result, name, scale, top + (place * BarHeight), place == 0 ? "first" : "second", report.Benchmark.PublishedScore);
            }

            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{Left + Width + 6}\" y=\"{top + (row - RowGap) / 2 + 4}\">{scale}</text>");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void AddBar(StringBuilder svg, ModelResult result, string name, int scale, int top, string style, string published)
    {
        foreach (var score in result.Scores.Scores.Where(it => it.Name == name))
        {
            svg.AppendLine(
                CultureInfo.InvariantCulture,
                $"<rect class=\"{style}\" x=\"{Left}\" y=\"{top}\" width=\"{Length(score.Value, scale)}\" height=\"{BarHeight - 1}\"><title>{WebUtility.HtmlEncode(name)} {EvaluationText.Value(score.Value)}</title></rect>");
        }

        if (name == published && result.Scores.Interval is { } interval)
        {
            var (from, to, middle) = (Left + Length(interval.Low, scale), Left + Length(interval.High, scale), top + (BarHeight / 2));
            svg.AppendLine(
                CultureInfo.InvariantCulture,
                $"<path class=\"interval\" fill=\"none\" d=\"M{from} {middle} H{to} M{from} {middle - 3} v6 M{to} {middle - 3} v6\"/>");
        }
    }

    private static int Length(double value, int scale) => (int)Math.Round(Math.Clamp(value / scale, 0, 1) * Width);
}
