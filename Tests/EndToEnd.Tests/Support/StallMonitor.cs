using System.Diagnostics;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Detects when the machine (or this process as a whole) was stalled: a thread that repeatedly sleeps 20 ms records
/// each time that it wakes up late.</summary>
internal sealed class StallMonitor : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(30);

    private readonly List<(long From, long To)> _stalls = [];
    private readonly Thread _thread;
    private volatile bool _ended;

    public StallMonitor()
    {
        _thread = new Thread(Monitor) { IsBackground = true, Priority = ThreadPriority.Highest, Name = "stall-monitor" };
        _thread.Start();
    }

    public TimeSpan Total => TimeSpan.FromTicks(Lengths().Sum(t => t.Ticks));

    public TimeSpan Longest => Lengths().DefaultIfEmpty().Max();

    /// <summary>The total stall time within the span that ended at a timestamp.</summary>
    public TimeSpan Within(long end, TimeSpan span)
    {
        var start = end - (long)(span.TotalSeconds * Stopwatch.Frequency);
        lock (_stalls)
        {
            return TimeSpan.FromTicks(_stalls.Sum(s =>
                Math.Min(s.To, end) > Math.Max(s.From, start)
                    ? Stopwatch.GetElapsedTime(Math.Max(s.From, start), Math.Min(s.To, end)).Ticks
                    : 0));
        }
    }

    public void Dispose()
    {
        _ended = true;
        _thread.Join();
    }

    private List<TimeSpan> Lengths()
    {
        lock (_stalls)
        {
            return [.. _stalls.Select(s => Stopwatch.GetElapsedTime(s.From, s.To))];
        }
    }

    private void Monitor()
    {
        while (!_ended)
        {
            var from = Stopwatch.GetTimestamp();
            Thread.Sleep(Interval);
            var to = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(from, to) > Interval + Tolerance)
            {
                lock (_stalls)
                {
                    _stalls.Add((from, to));
                }
            }
        }
    }
}
