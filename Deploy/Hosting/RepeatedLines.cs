namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Lets the same line through at most once in each interval and counts the others, so that a fault that repeats
/// quickly does not fill the journal. Thread-safe.</summary>
internal sealed class RepeatedLines(TimeProvider time, TimeSpan interval)
{
    /// <summary>Different lines that are remembered; with more, the oldest are forgotten and may come again early.</summary>
    private const int MostLines = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long At, int Suppressed)> _lines = new(StringComparer.Ordinal);

    /// <param name="line">What makes two lines the same.</param>
    /// <returns>Null when it is to be left out; otherwise how many were left out since it was last written.</returns>
    public int? Enter(string line)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_lines.TryGetValue(line, out var last) && time.GetElapsedTime(last.At, now) < interval)
            {
                _lines[line] = (last.At, last.Suppressed + 1);
                return null;
            }

            if (_lines.Count >= MostLines && !_lines.ContainsKey(line))
            {
                _lines.Remove(_lines.MinBy(it => it.Value.At).Key);
            }

            _lines[line] = (now, 0);
            return last.Suppressed;
        }
    }
}
