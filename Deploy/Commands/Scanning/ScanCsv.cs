using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>A scan as a table: a line for each sample and question.</summary>
internal static class ScanCsv
{
    private static readonly string[] Columns = ["video", "t", "reused", "question", "value", "score", "mass", "reason"];

    /// <summary>The head and all lines, without line ends.</summary>
    public static IEnumerable<string> Lines(ScanReport report)
    {
        yield return CsvText.Line(Columns);
        foreach (var video in report.Videos)
        {
            foreach (var frame in video.Frames)
            {
                foreach (var (question, answer) in report.Questions.Zip(frame.Answers))
                {
                    yield return CsvText.Line(
                        video.Path,
                        frame.Time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture),
                        frame.Reused ? "true" : "false",
                        question.Text,
                        ScannedVideo.ValueOf(answer),
                        Share(answer.Score),
                        Share(answer.Mass),
                        answer.Unclear?.ToText() ?? "");
                }
            }
        }
    }

    private static string Share(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";
}
