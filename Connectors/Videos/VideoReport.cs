using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>Reads ffmpeg's report about a file: its length, and errors. Thread-safe.</summary>
internal sealed partial class VideoReport : IStderrReader
{
    private long _lengthTicks;

    /// <summary>Length of the file; null while it is not known, and for files that do not name it.</summary>
    public TimeSpan? Length => Interlocked.Read(ref _lengthTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    public string? Take(string line)
    {
        if (LengthShape().Match(line) is { Success: true } length && Length is null)
        {
            var total = Seconds(length, "h") * 3600 + Seconds(length, "m") * 60 + Seconds(length, "s");

            // MP4 counts an empty beginning, MPEG-TS does not.
            var start = length.Groups["start"].Success ? Seconds(length, "start") : 0;
            Interlocked.Exchange(ref _lengthTicks, TimeSpan.FromSeconds(start > 0 && start < total ? total - start : total).Ticks);
        }

        var level = Level().Match(line);
        return level.Success ? (level.Groups["level"].Value is "error" or "fatal" or "panic" ? line[level.Length..] : null)

            // Lines without a level continue a description that is not an error.
            : null;
    }

    public void End()
    {
    }

    private static double Seconds(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\[info\] +Duration: (?<h>[0-9]{1,6}):(?<m>[0-9]{2}):(?<s>[0-9]{2}\.[0-9]+)(, start: (?<start>-?[0-9]{1,12}\.[0-9]+))?")]
    private static partial Regex LengthShape();

    // "[mov @ 0x55d3] [error] text" and "[error] text".
    [GeneratedRegex(@"^(\[[^\]@]+ @ 0x[0-9a-f]+\] )*\[(?<level>panic|fatal|error|warning|info|verbose|debug|trace)\] ")]
    private static partial Regex Level();
}
