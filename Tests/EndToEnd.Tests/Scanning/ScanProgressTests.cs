using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Deploy.Commands.Scanning;

namespace MobileVlm.Edge.EndToEnd.Tests.Scanning;

/// <summary>Progress where standard error is a log or a pipe.</summary>
public sealed class ScanProgressTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _lines = [];

    [Fact]
    public void A_log_gets_a_line_now_and_then_with_the_time_left()
    {
        var progress = Progress("night.mp4");
        Answer(progress, from: 0, to: 300, length: TimeSpan.FromMinutes(20));

        // Ten samples in a second, a line every 30 s.
        Assert.Equal(["night.mp4: scanned up to 05:00 of 20:00 (25%), about 1m30s left."], _lines);
    }

    [Fact]
    public void Without_a_length_a_line_names_what_is_done()
    {
        Answer(Progress("raw.h264"), from: 0, to: 900, length: null);
        Assert.Equal(["raw.h264: scanned up to 05:00.", "raw.h264: scanned up to 10:00.", "raw.h264: scanned up to 15:00."], _lines);
    }

    [Fact]
    public void Lines_have_no_colours_and_nothing_moves()
    {
        var progress = Progress($"{new string('x', 60)}[red].mp4");
        Answer(progress, from: 0, to: 650, length: TimeSpan.FromSeconds(700));
        progress.End();
        Assert.Equal(2, _lines.Count);
        Assert.All(_lines, line => Assert.DoesNotContain(line, char.IsControl));
        Assert.All(_lines, line => Assert.InRange(line.Length, 1, 100));
    }

    [Fact]
    public void The_time_left_counts_from_the_first_sample_of_each_video()
    {
        var progress = Progress("first.mp4");
        Answer(progress, from: 0, to: 200, length: TimeSpan.FromSeconds(200));
        progress.End();
        progress.Begin("second.mp4", TimeSpan.FromSeconds(100));
        Answer(progress, from: 100, to: 200, length: TimeSpan.FromSeconds(300));
        Assert.Equal(["second.mp4: scanned up to 03:20 of 05:00 (50%), about 10s left."], _lines);
    }

    private ScanProgress Progress(string path)
    {
        var progress = new ScanProgress(_time, _lines.Add);
        progress.Begin(path, TimeSpan.Zero);
        return progress;
    }

    /// <summary>Samples of one second each, ten of them in a second.</summary>
    private void Answer(ScanProgress progress, int from, int to, TimeSpan? length)
    {
        for (var second = from + 1; second <= to; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(0.1));
            progress.Report(TimeSpan.FromSeconds(second), length);
        }
    }
}
