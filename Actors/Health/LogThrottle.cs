namespace MobileVlm.Edge.Actors.Health;

/// <summary>Lets one log line of each key pass per interval and counts the others, so that a sender who can cause lines
/// cannot fill the log. One caller at a time.</summary>
/// <param name="interval">Between two lines of one key.</param>
/// <param name="time">A steady clock.</param>
internal sealed class LogThrottle(TimeSpan interval, TimeProvider time)
{
    /// <summary>Keys that are distinguished within one interval; further keys share one entry.</summary>
    private const int MaxKeys = 16;

    private readonly Dictionary<string, (long LoggedAt, long Suppressed)> _keys = new(StringComparer.Ordinal);

    /// <summary>True when the line is to be written.</summary>
    /// <param name="key">What the line is about, a topic for example.</param>
    /// <param name="suppressed">Lines of the same key that were left out since the last one.</param>
    public bool TryPass(string key, out long suppressed)
    {
        var now = time.GetTimestamp();
        if (!_keys.ContainsKey(key) && _keys.Count >= MaxKeys)
        {
            foreach (var old in _keys.Where(it => IsOver(it.Value.LoggedAt, now)).Select(it => it.Key).ToList())
            {
                _keys.Remove(old);
            }

            key = _keys.Count >= MaxKeys ? "" : key;
        }

        if (_keys.TryGetValue(key, out var last) && !IsOver(last.LoggedAt, now))
        {
            _keys[key] = last with { Suppressed = last.Suppressed + 1 };
            suppressed = 0;
            return false;
        }

        suppressed = last.Suppressed;
        _keys[key] = (now, 0);
        return true;
    }

    private bool IsOver(long loggedAt, long now) => time.GetElapsedTime(loggedAt, now) >= interval;
}
