using System.Globalization;
using System.Text;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Reports;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>A scan as one HTML page: for each video and question a timeline, the pictures at its changes, and all answers.</summary>
internal static class ScanPage
{
    /// <summary>Times of values that are listed for a question.</summary>
    private const int MaxSegments = 100;

    /// <summary>Samples in the table of answers.</summary>
    private const int MaxRows = 2000;

    private const string Style = ScanPlot.Style + """

        section { border-top: 1px solid var(--line); margin-top: 1.5rem; } h2 { margin: 1rem 0 0; overflow-wrap: anywhere; } h3 { font-size: 1rem; margin: 1.5rem 0 0; overflow-wrap: anywhere; }
        .changes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .8rem; margin: .8rem 0 0; padding: 0; list-style: none; }
        .changes img { display: block; width: 100%; border-radius: 4px; background: var(--line); } .changes li { overflow-wrap: anywhere; line-height: 1.35; }
        .time { font-variant-numeric: tabular-nums; font-size: .85rem; }
        .problem { border-left: 4px solid var(--bad); padding: .2rem .8rem; overflow-wrap: anywhere; }
        details { margin-top: 1.5rem; } summary { cursor: pointer; } details table { font-size: .85rem; font-variant-numeric: tabular-nums; } details td { white-space: nowrap; }
        details td.text { white-space: normal; min-width: 12rem; } tr.reused td { color: var(--dim); }
        @media (max-width: 30rem) { body { margin: 1rem auto; } .changes { grid-template-columns: 1fr 1fr; } }
        """;

    public static string Create(ScanReport report)
    {
        var title = report.Videos is [var only] ? $"Scan of {Path.GetFileName(only.Path)}" : $"Scan of {report.Videos.Count} videos";
        var page = HtmlPage.Begin(title, Style);
        page.AppendLine(CultureInfo.InvariantCulture, $"<h1>{HtmlPage.Text(title)}</h1>");
        page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">Model {HtmlPage.Text(report.Model)}, {HtmlPage.Text(Settings(report))}</p>");
        if (report.Videos.Count > 1)
        {
            AddContents(page, report);
        }

        foreach (var (index, video) in report.Videos.Index())
        {
            AddVideo(page, report, video, index);
        }

        return HtmlPage.End(page);
    }

    private static string Settings(ScanReport report)
    {
        List<string> parts = [$"a sample every {DurationText.Format(report.Sampling.Every)}"];
        if (report.Questions.Any(question => question.Kind == QuestionKind.YesNo))
        {
            var thresholds = report.Questions[0].Rules.Thresholds;
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"yes from {thresholds.YesAbove:0.##}{(thresholds.NoBelow < thresholds.YesAbove ? $", no up to {thresholds.NoBelow:0.##}" : "")}"));
        }

        parts.Add(report.Settings.Gate is { } gate
            ? string.Create(CultureInfo.InvariantCulture, $"scene gate {gate.Threshold:0.##}")
            : "scene gate off");
        if (report.Settings.Region is not null)
        {
            parts.Add("a region of the picture");
        }

        return string.Join(", ", parts);
    }

    private static void AddContents(StringBuilder page, ScanReport report)
    {
        page.AppendLine("<ul>");
        foreach (var (index, video) in report.Videos.Index())
        {
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<li><a href=\"#video{index}\">{HtmlPage.Text(video.Path)}</a>{(video.IsComplete ? "" : ": not complete")}</li>");
        }

        page.AppendLine("</ul>");
    }

    private static void AddVideo(StringBuilder page, ScanReport report, ScannedVideo video, int index)
    {
        page.AppendLine(CultureInfo.InvariantCulture, $"<section id=\"video{index}\">").AppendLine(CultureInfo.InvariantCulture, $"<h2>{HtmlPage.Text(video.Path)}</h2>");
        if (video.Problem is { } problem)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"problem\"><b>Not complete.</b> {HtmlPage.Text(problem)}</p>");
        }

        foreach (var remark in video.Remarks())
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">{HtmlPage.Text(remark)}</p>");
        }

        if (video.Frames.Count > 0)
        {
            var times = new ScanTimes(report, video);
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<p class=\"dim\">{times.Range(video.Frames[0].Time, video.End)}, {ScanText.Counts(video)}</p>");
            foreach (var (at, question) in report.Questions.Index())
            {
                AddQuestion(page, video, at, question, times);
            }

            AddAnswers(page, report, video, times);
        }

        page.AppendLine("</section>");
    }

    private static void AddQuestion(StringBuilder page, ScannedVideo video, int at, StandingQuestion question, ScanTimes times)
    {
        var segments = video.Segments(at);
        var classes = ScanPlot.Classes(segments);
        page.AppendLine(CultureInfo.InvariantCulture, $"<h3>{HtmlPage.Text(question.Text)}</h3>");
        page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">{HtmlPage.Text(question.Kind == QuestionKind.Text ? Changes(segments) : Shares(video, segments, times))}</p>");
        ScanPlot.Add(page, video, at, question, segments, times);
        page.AppendLine("<ul class=\"changes\">");
        foreach (var segment in segments.Take(MaxSegments))
        {
            var picture = video.Pictures.TryGetValue(segment.From, out var jpeg)
                ? $"<img loading=\"lazy\" alt=\"Picture at {times.Text(segment.From)}\" src=\"data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}\">"
                : "";
            var value = question.Kind == QuestionKind.Text ? HtmlPage.Text(segment.Value) : $"<b>{HtmlPage.Text(segment.Value)}</b>";
            var reason = segment.Reason is { } why ? $" ({why.ToText()})" : "";
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"<li>{picture}<span class=\"time\">{times.Range(segment.From, segment.To)}</span><br><span class=\"key {classes[segment.Value]}\"></span>{value}{HtmlPage.Text(reason)} <span class=\"dim\">{ScanText.Scores(segment)}</span></li>");
        }

        page.AppendLine("</ul>");
        if (segments.Count > MaxSegments)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">The first {MaxSegments} of {segments.Count}; the text output has all.</p>");
        }
    }

    /// <summary>How long each value was: <c>yes 00:19 (30 %), no 00:45 (70 %)</c>.</summary>
    private static string Shares(ScannedVideo video, IReadOnlyList<ScanSegment> segments, ScanTimes times)
    {
        const int MaxValues = 5;
        var whole = video.End - video.Frames[0].Time;
        var values = segments
            .GroupBy(segment => segment.Value)
            .Select(group => (Value: group.Key, Time: group.Aggregate(TimeSpan.Zero, (sum, segment) => sum + (segment.To - segment.From))))
            .OrderByDescending(it => it.Time)
            .ToList();
        return string.Join(", ", values.Take(MaxValues).Select(it => string.Create(
                CultureInfo.InvariantCulture, $"{it.Value} {times.Text(it.Time)} ({(whole > TimeSpan.Zero ? it.Time / whole : 1) * 100:0} %)")))
            + (values.Count > MaxValues ? $" and {values.Count - MaxValues} more" : "")
            + $"; {Changes(segments)}";
    }

    private static string Changes(IReadOnlyList<ScanSegment> segments) => segments.Count == 2 ? "1 change" : $"{segments.Count - 1} changes";

    private static void AddAnswers(StringBuilder page, ScanReport report, ScannedVideo video, ScanTimes times)
    {
        page.AppendLine("<details><summary>All answers</summary><div class=\"scroll\"><table>");
        page.Append("<tr><th>Time</th>");
        foreach (var question in report.Questions)
        {
            page.Append(CultureInfo.InvariantCulture, $"<th>{HtmlPage.Text(question.Text)}</th>");
        }

        page.AppendLine("<th></th></tr>");
        foreach (var frame in video.Frames.Take(MaxRows))
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr{(frame.Reused ? " class=\"reused\"" : "")}><td>{times.Text(frame.Time)}</td>");
            foreach (var (question, answer) in report.Questions.Zip(frame.Answers))
            {
                var score = answer.Score is { } it ? string.Create(CultureInfo.InvariantCulture, $" {it:0.000}") : "";
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"<td{(question.Kind == QuestionKind.Text ? " class=\"text\"" : "")}>{HtmlPage.Text(ScannedVideo.ValueOf(answer))}{score}</td>");
            }

            page.AppendLine(CultureInfo.InvariantCulture, $"<td>{(frame.Reused ? "reused" : "")}</td></tr>");
        }

        page.AppendLine("</table></div>");
        if (video.Frames.Count > MaxRows)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">The first {MaxRows} of {video.Frames.Count} samples; --csv has all.</p>");
        }

        page.AppendLine("</details>");
    }
}
