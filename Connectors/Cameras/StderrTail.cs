using System.Text;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Drains a child's standard error, which would block it when full, and keeps the end of it. Bounded by
/// characters, not lines: a child may never write a line end.</summary>
internal sealed class StderrTail
{
    private const int Kept = 1000;

    private readonly StringBuilder _text = new();
    private readonly Task _drained;

    public StderrTail(StreamReader stderr)
    {
        _drained = DrainAsync(stderr);
    }

    /// <summary>The last lines in one, after waiting a little for the rest of them.</summary>
    public string Read(TimeSpan wait)
    {
        _drained.Wait(wait);
        lock (_text)
        {
            return string.Join(" | ", _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(3));
        }
    }

    private async Task DrainAsync(StreamReader stderr)
    {
        var buffer = new char[512];
        int read;
        while ((read = await stderr.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            lock (_text)
            {
                _text.Append(buffer, 0, read);
                _text.Remove(0, Math.Max(0, _text.Length - Kept));
            }
        }
    }
}
