using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>Writes the times of one video in one form, so that they line up.</summary>
/// <param name="report">Its sampling decides the decimals.</param>
/// <param name="video">Its length decides whether hours are written.</param>
internal sealed class ScanTimes(ScanReport report, ScannedVideo video)
{
    private readonly int _decimals = new[] { report.Sampling.Every, report.Sampling.From }.Max(time =>
        time.Milliseconds == 0 ? 0 : time.Milliseconds % 100 == 0 ? 1 : time.Milliseconds % 10 == 0 ? 2 : 3);

    private readonly bool _hasHours = video.End.TotalHours >= 1;

    /// <summary>One time: <c>00:12</c>.</summary>
    public string Text(TimeSpan time) => DurationText.Time(time, _decimals, _hasHours);

    /// <summary>Times between which something is so: <c>00:12 – 00:31</c>.</summary>
    public string Range(TimeSpan from, TimeSpan to) => $"{Text(from)} – {Text(to)}";
}
