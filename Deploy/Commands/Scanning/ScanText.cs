using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>A scan as text of at most 80 columns: the times of each value.</summary>
internal static class ScanText
{
    public static IEnumerable<string> Lines(ScanReport report)
    {
        foreach (var (index, video) in report.Videos.Index())
        {
            if (index > 0)
            {
                yield return "";
            }

            var times = new ScanTimes(report, video);
            yield return video.Frames.Count == 0 ? $"{video.Path}: no answers" : $"{video.Path}: {times.Range(report.Sampling.From, video.End)}, every {DurationText.Format(report.Sampling.Every)}, {Counts(video)}";
            if (video.Problem is not null)
            {
                yield return "Not complete; see the message.";
            }

            if (video.Frames.Count == 0)
            {
                continue;
            }

            foreach (var (at, question) in report.Questions.Index())
            {
                yield return question.Text;
                foreach (var segment in video.Segments(at))
                {
                    foreach (var line in Segment(segment, times))
                    {
                        yield return line;
                    }
                }
            }
        }
    }

    /// <summary>Scores of a time: one, or the lowest and the highest.</summary>
    public static string Scores(ScanSegment segment)
    {
        var (low, high) = (Score(segment.LowestScore), Score(segment.HighestScore));
        return low == high ? low : $"{low} to {high}";
    }

    public static string Counts(ScannedVideo video) => string.Create(
        CultureInfo.InvariantCulture,
        $"{video.Frames.Count} {(video.Frames.Count == 1 ? "sample" : "samples")} ({video.ReusedCount} reused)");

    private static IEnumerable<string> Segment(ScanSegment segment, ScanTimes times)
    {
        var time = $"  {times.Range(segment.From, segment.To)}  ";
        var value = segment.LowestScore is null ? segment.Value : $"{segment.Value,-4} {Scores(segment)}";
        if (segment.Reason is { } reason)
        {
            value += $" ({reason.ToText()})";
        }

        foreach (var line in TextLines.Wrap(value, TextLines.Columns - time.Length))
        {
            yield return time + line;
            time = new string(' ', time.Length);
        }
    }

    private static string Score(double? score) => score?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
}
