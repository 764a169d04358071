using System.Globalization;
using System.Text;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Reports;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>The timeline of one question: scores over time with the thresholds, and a strip with the values. Stretches to any width; the
/// labels are HTML, so that they keep their size.</summary>
internal static class ScanPlot
{
    /// <summary>Units along the time, which the browser stretches.</summary>
    private const int Width = 1000;

    private const int Height = 100;
    private const int Ticks = 5;

    /// <summary>Colours for values other than yes, no and unknown; further values share one.</summary>
    private const int Colours = 6;

    public const string Style = """
        :root { --yes: #2f6fb3; --no: #c9ced4; --unknown: #d99a2b; --v0: #2f6fb3; --v1: #c2681b; --v2: #2f7d46; --v3: #8a4fb0; --v4: #b3362f; --v5: #3a8f9c; --v6: #8b9197; }
        @media (prefers-color-scheme: dark) { :root { --yes: #6aa7e8; --no: #454c54; --unknown: #c9973f; --v0: #6aa7e8; --v1: #e8a05f; --v2: #6cc38a; --v3: #bd93dd; --v4: #ee8078; --v5: #73c3cf; --v6: #7d848b; } }
        .plot { position: relative; margin: .5rem 0 0 2rem; } .plot svg { display: block; width: 100%; }
        .plot .score { height: 6rem; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); }
        .plot .values { height: .7rem; margin-top: 3px; }
        .plot .line { fill: none; stroke: var(--first); stroke-width: 1.75; vector-effect: non-scaling-stroke; }
        .plot .threshold { stroke: var(--dim); stroke-dasharray: 4 4; vector-effect: non-scaling-stroke; }
        .plot .mark { position: absolute; right: 100%; margin-right: .3rem; transform: translateY(-50%); font-size: .75rem; color: var(--dim); }
        .ticks { position: relative; height: 1.1rem; margin: 0 0 .3rem 2rem; font-size: .75rem; color: var(--dim); font-variant-numeric: tabular-nums; }
        .ticks span { position: absolute; transform: translateX(-50%); } .ticks span:first-child { transform: none; } .ticks span:last-child { transform: translateX(-100%); }
        .yes { fill: var(--yes); background: var(--yes); } .no { fill: var(--no); background: var(--no); } .unknown { fill: var(--unknown); background: var(--unknown); }
        .v0 { fill: var(--v0); background: var(--v0); } .v1 { fill: var(--v1); background: var(--v1); } .v2 { fill: var(--v2); background: var(--v2); } .v3 { fill: var(--v3); background: var(--v3); }
        .v4 { fill: var(--v4); background: var(--v4); } .v5 { fill: var(--v5); background: var(--v5); } .v6 { fill: var(--v6); background: var(--v6); }
        .key { display: inline-block; width: .8em; height: .8em; margin-right: .3em; border-radius: 2px; }
        """;

    /// <summary>Adds the timeline.</summary>
    /// <param name="page">The page.</param>
    /// <param name="video">With at least one sample.</param>
    /// <param name="question">Index of the question.</param>
    /// <param name="asked">The question.</param>
    /// <param name="segments">Its values.</param>
    /// <param name="times">Writes times.</param>
    public static void Add(
        StringBuilder page, ScannedVideo video, int question, StandingQuestion asked, IReadOnlyList<ScanSegment> segments, ScanTimes times)
    {
        var (from, to) = (video.Frames[0].Time, video.End);
        page.AppendLine("<div class=\"plot\">");
        if (video.Frames.Any(frame => frame.Answers[question].Score is not null))
        {
            AddScores(page, video, question, asked, from, to);
        }

        page.AppendLine(CultureInfo.InvariantCulture, $"<svg class=\"values\" viewBox=\"0 0 {Width} 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Values over time\">");
        var classes = Classes(segments);
        foreach (var segment in segments)
        {
            var (left, right) = (X(segment.From, from, to), X(segment.To, from, to));
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<rect class=\"{classes[segment.Value]}\" x=\"{left:0.##}\" y=\"0\" width=\"{Math.Max(right - left, 0.5):0.##}\" height=\"10\"><title>{HtmlPage.Text($"{times.Range(segment.From, segment.To)} {segment.Value}")}</title></rect>");
        }

        page.AppendLine("</svg>").AppendLine("</div>").Append("<div class=\"ticks\">");
        for (var tick = 0; tick < Ticks; tick++)
        {
            page.Append(CultureInfo.InvariantCulture, $"<span style=\"left:{100.0 * tick / (Ticks - 1):0}%\">{times.Text(from + ((to - from) * tick / (Ticks - 1)))}</span>");
        }

        page.AppendLine("</div>");
    }

    /// <summary>The class of each value's colour.</summary>
    public static IReadOnlyDictionary<string, string> Classes(IReadOnlyList<ScanSegment> segments)
    {
        var classes = new Dictionary<string, string>();
        var next = 0;
        foreach (var value in segments.Select(segment => segment.Value).Where(value => !classes.ContainsKey(value)))
        {
            classes[value] = value is "yes" or "no" or "unknown" ? value : string.Create(CultureInfo.InvariantCulture, $"v{Math.Min(next++, Colours)}");
        }

        return classes;
    }

    private static void AddScores(StringBuilder page, ScannedVideo video, int question, StandingQuestion asked, TimeSpan from, TimeSpan to)
    {
        // A margin, so that lines at 0 and 1 are seen whole.
        page.AppendLine(CultureInfo.InvariantCulture, $"<svg class=\"score\" viewBox=\"0 -4 {Width} {Height + 8}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Score over time\">");
        double[] thresholds = asked.Kind == QuestionKind.YesNo ? [.. new[] { asked.Rules.Thresholds.YesAbove, asked.Rules.Thresholds.NoBelow }.Distinct()] : [];
        foreach (var threshold in thresholds)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<line class=\"threshold\" x1=\"0\" x2=\"{Width}\" y1=\"{Y(threshold):0.##}\" y2=\"{Y(threshold):0.##}\"/>");
        }

        page.AppendLine(CultureInfo.InvariantCulture, $"<path class=\"line\" d=\"{Line(video, question, from, to)}\"/>").AppendLine("</svg>");
        foreach (var mark in thresholds.Append(0).Append(1).Distinct().Where(mark => mark is 0 or 1 or (> 0.12 and < 0.88)))
        {
            // 6 rem for the height of the plot and its margins of 4 of 108.
            page.AppendLine(CultureInfo.InvariantCulture, $"<span class=\"mark\" style=\"top:{6 * (Y(mark) + 4) / (Height + 8):0.###}rem\">{mark:0.##}</span>");
        }
    }

    /// <summary>Steps, because a sample counts until the next one. Where several fall on one unit, their lowest and highest score.</summary>
    private static string Line(ScannedVideo video, int question, TimeSpan from, TimeSpan to)
    {
        var line = new StringBuilder();
        var isDrawn = false;
        foreach (var column in video.Frames.GroupBy(frame => (int)X(frame.Time, from, to)))
        {
            List<double> scores = [.. column.Select(frame => frame.Answers[question].Score).OfType<double>()];
            if (scores.Count == 0)
            {
                isDrawn = false;
                continue;
            }

            var x = X(column.First().Time, from, to);
            line.Append(CultureInfo.InvariantCulture, $"{(isDrawn ? "H" : "M")}{x:0.#}{(isDrawn ? "" : $" {Y(scores[0]):0.#}")}V{Y(scores.Min()):0.#}V{Y(scores.Max()):0.#}V{Y(scores[^1]):0.#}");
            isDrawn = true;
        }

        return isDrawn ? line.Append(CultureInfo.InvariantCulture, $"H{Width}").ToString() : line.ToString();
    }

    private static double X(TimeSpan time, TimeSpan from, TimeSpan to) => to > from ? Math.Clamp((time - from) / (to - from), 0, 1) * Width : 0;

    private static double Y(double score) => Height * (1 - score);
}
