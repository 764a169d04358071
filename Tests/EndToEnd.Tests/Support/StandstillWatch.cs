using System.Diagnostics;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Notices when the machine (or this process as a whole) did not run: a thread that sleeps 20 ms again and
/// again writes down each time that it came back late.</summary>
internal sealed class StandstillWatch : IDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(30);

    private readonly List<(long From, long To)> _standstills = [];
    private readonly Thread _thread;
    private volatile bool _ended;

    public StandstillWatch()
    {
        _thread = new Thread(Watch) { IsBackground = true, Priority = ThreadPriority.Highest, Name = "standstill-watch" };
        _thread.Start();
    }

    public TimeSpan Total => TimeSpan.FromTicks(Lengths().Sum(t => t.Ticks));

    public TimeSpan Longest => Lengths().DefaultIfEmpty().Max();

    /// <summary>Standstill within the span that ended at a timestamp.</summary>
    public TimeSpan Within(long end, TimeSpan span)
    {
        var start = end - (long)(span.TotalSeconds * Stopwatch.Frequency);
        lock (_standstills)
        {
            return TimeSpan.FromTicks(_standstills.Sum(s =>
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
        lock (_standstills)
        {
            return [.. _standstills.Select(s => Stopwatch.GetElapsedTime(s.From, s.To))];
        }
    }

    private void Watch()
    {
        while (!_ended)
        {
            var from = Stopwatch.GetTimestamp();
            Thread.Sleep(Nap);
            var to = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(from, to) > Nap + Late)
            {
                lock (_standstills)
                {
                    _standstills.Add((from, to));
                }
            }
        }
    }
}
