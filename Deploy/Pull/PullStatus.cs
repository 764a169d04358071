using System.Globalization;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>How far the pull of a model is that a service needs. Thread-safe.</summary>
/// <param name="id">The repository.</param>
/// <param name="time">Measures the speed.</param>
internal sealed class PullStatus(string id, TimeProvider time)
{
    private const string Lookup = "lookup";
    private const string Download = "download";
    private const string Import = "import";
    private const string Waiting = "waiting";

    /// <summary>Before this much time nobody knows how long a step takes.</summary>
    private static readonly TimeSpan LeastMeasured = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private string _step = Lookup;
    private long _done;
    private long _total;
    private long? _firstDone;
    private long _since = time.GetTimestamp();
    private int _attempt = 1;
    private string _failure = "";
    private TimeSpan _wait;

    /// <summary>A sentence without its period: <c>the model NAME is being downloaded: 0.12 of 3.30 GB (4 %), about 12 minutes left</c>.</summary>
    public string Text
    {
        get
        {
            var progress = Progress;
            var done = progress.TotalBytes is { } total
                ? $": {DiskSpace.Text(progress.Bytes ?? 0)} of {DiskSpace.Text(total)} ({progress.Percent?.ToString("0", CultureInfo.InvariantCulture) ?? "0"} %)"
                    + (progress.Left is { } left ? $", about {DurationOf(left)} left" : "")
                : "";
            return progress.Step switch
            {
                Lookup => $"the model {id} is being looked up",
                Download => $"the model {id} is being downloaded{done}",
                Import => $"the model {id} is downloaded and is being imported{done}",
                _ => $"the model {id} could not be pulled: {Failure} The next attempt is in {DurationOf(progress.Left ?? TimeSpan.Zero)} (attempt {progress.Attempt + 1})",
            };
        }
    }

    /// <summary>The same as numbers.</summary>
    public StartupProgress Progress
    {
        get
        {
            lock (_lock)
            {
                var elapsed = time.GetElapsedTime(_since);
                if (_step == Waiting)
                {
                    return new StartupProgress(_step, null, null, _wait > elapsed ? _wait - elapsed : TimeSpan.Zero, _attempt);
                }

                if (_step == Lookup)
                {
                    return new StartupProgress(_step, null, null, null, _attempt);
                }

                var moved = _done - (_firstDone ?? _done);
                TimeSpan? left = moved > 0 && elapsed >= LeastMeasured ? elapsed * ((double)(_total - _done) / moved) : null;
                return new StartupProgress(_step, _done, _total, left, _attempt);
            }
        }
    }

    private string Failure
    {
        get
        {
            lock (_lock)
            {
                return _failure;
            }
        }
    }

    /// <summary>An attempt begins.</summary>
    public void BeginAttempt(int attempt)
    {
        lock (_lock)
        {
            _attempt = attempt;
        }

        Begin(Lookup, 0);
    }

    /// <summary>The download of some files begins.</summary>
    /// <param name="bytes">Of all files.</param>
    /// <returns>Begins one file with its size; what it returns takes the bytes of that file that are there.</returns>
    public Func<string, long, Action<long>> BeginDownload(long bytes)
    {
        Begin(Download, bytes);
        var before = 0L;
        return (_, size) =>
        {
            var start = before;
            before += size;
            return done => Report(start + done);
        };
    }

    /// <summary>The import has read this much.</summary>
    public void Importing(long done, long total)
    {
        lock (_lock)
        {
            if (_step == Import)
            {
                _done = done;
                return;
            }
        }

        Begin(Import, total);
        Report(done);
    }

    /// <summary>An attempt failed, and the next one comes later.</summary>
    /// <param name="failure">A sentence.</param>
    /// <param name="wait">Until the next attempt.</param>
    public void Wait(string failure, TimeSpan wait)
    {
        lock (_lock)
        {
            (_failure, _wait) = (failure, wait);
        }

        Begin(Waiting, 0);
    }

    private void Begin(string step, long total)
    {
        lock (_lock)
        {
            (_step, _done, _total, _firstDone, _since) = (step, 0, total, null, time.GetTimestamp());
        }
    }

    private void Report(long done)
    {
        lock (_lock)
        {
            if (_firstDone is null)
            {
                // What an earlier attempt has downloaded says nothing about the speed.
                (_firstDone, _since) = (done, time.GetTimestamp());
            }

            _done = done;
        }
    }

    private static string DurationOf(TimeSpan time) =>
        time < TimeSpan.FromSeconds(90) ? $"{Math.Ceiling(time.TotalSeconds):0} s"
        : time < TimeSpan.FromMinutes(90) ? $"{Math.Ceiling(time.TotalMinutes):0} minutes"
        : $"{Math.Ceiling(time.TotalHours):0} hours";
}
