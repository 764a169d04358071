namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Passes the same line at most once per interval and counts the suppressed ones, so that a failure that repeats
/// quickly does not fill the journal. Thread-safe.</summary>
internal sealed class RepeatedLines(TimeProvider time, TimeSpan interval)
{
    /// <summary>The number of different lines that are remembered. Beyond it the oldest is forgotten, so that it may be written again
    /// before its interval ends.</summary>
    private const int MaxLines = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long At, int Suppressed)> _lines = new(StringComparer.Ordinal);

    /// <summary>Records a line.</summary>
    /// <param name="line">The text by which two lines count as the same.</param>
    /// <returns>Null if the line must be suppressed; otherwise how many were suppressed since it was last written.</returns>
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

            if (_lines.Count >= MaxLines && !_lines.ContainsKey(line))
            {
                _lines.Remove(_lines.MinBy(it => it.Value.At).Key);
            }

            _lines[line] = (now, 0);
            return last.Suppressed;
        }
    }
}
