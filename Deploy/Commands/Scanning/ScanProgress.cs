using System.Globalization;
using MobileVlm.Edge.Deploy.Cli;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>Shows how far a scan is, on standard error: a bar with the time left on a terminal, otherwise a line now and then.</summary>
internal sealed class ScanProgress
{
    private const int LongestName = 30;

    /// <summary>Time between two lines where standard error is not a terminal.</summary>
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);

    private readonly ProgressContext? _bars;
    private readonly TimeProvider _time;
    private readonly Action<string> _write;
    private ProgressTask? _bar;
    private long _lastLine;
    private long _began;
    private string _name = "";
    private TimeSpan _from;

    /// <summary>A line now and then, without colours or movement.</summary>
    /// <param name="time">Measures the time between two lines.</param>
    /// <param name="write">Writes one line.</param>
    internal ScanProgress(TimeProvider time, Action<string> write)
        : this(null, time, write)
    {
    }

    private ScanProgress(ProgressContext? bars, TimeProvider time, Action<string> write)
    {
        (_bars, _time, _write) = (bars, time, write);
        _lastLine = time.GetTimestamp();
    }

    /// <summary>Runs work with a display of its progress.</summary>
    public static void Show(Action<ScanProgress> work)
    {
        if (!Terminal.Console.Profile.Capabilities.Interactive || Console.IsErrorRedirected)
        {
            work(new ScanProgress(TimeProvider.System, Terminal.Info));
            return;
        }

        Terminal.Console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .AutoClear(true)
            .Start(context => work(new ScanProgress(context, TimeProvider.System, Terminal.Info)));
    }

    /// <summary>A video begins.</summary>
    /// <param name="path">The video.</param>
    /// <param name="from">Time of its first sample.</param>
    public void Begin(string path, TimeSpan from)
    {
        _name = Path.GetFileName(path) is { Length: <= LongestName } name ? name : $"{Path.GetFileName(path)[..(LongestName - 1)]}…";
        (_from, _began) = (from, _time.GetTimestamp());
        _bar = _bars?.AddTask(Markup.Escape(_name), maxValue: 1);
        _bar?.IsIndeterminate(true);
    }

    /// <summary>A sample was answered.</summary>
    /// <param name="done">Its end.</param>
    /// <param name="end">End of what is scanned; null where it is not known.</param>
    public void Report(TimeSpan done, TimeSpan? end)
    {
        double? share = end > _from ? Math.Clamp((done - _from) / (end.Value - _from), 0, 1) : null;
        if (_bar is { } bar)
        {
            bar.Description(Markup.Escape($"{_name} {DurationText.Time(Seconds(done))}"));
            bar.IsIndeterminate(share is null);
            bar.Value(share ?? 0);
        }
        else if (_time.GetElapsedTime(_lastLine) >= LineInterval)
        {
            _lastLine = _time.GetTimestamp();
            var left = share is > 0 and var part
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $" of {DurationText.Time(Seconds(end!.Value))} ({part:0%}), about {DurationText.Format(Seconds(_time.GetElapsedTime(_began) * ((1 - part) / part)))} left")
                : "";
            _write($"{_name}: scanned up to {DurationText.Time(Seconds(done))}{left}.");
        }
    }

    /// <summary>The video ended.</summary>
    public void End()
    {
        _bar?.IsIndeterminate(false);
        _bar?.Value(1);
        _bar?.StopTask();
    }

    private static TimeSpan Seconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));
}
