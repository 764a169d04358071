using System.Text;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Drains a child's standard error, which would block it when full, passes each line on and keeps the end of what is for
/// people. Bounded by characters: a child may never write a line end.</summary>
internal sealed class StderrTail
{
    private const int Kept = 1000;
    private const int LongestLine = 1000;
    private const int LinesRead = 3;

    private readonly StringBuilder _text = new();
    private readonly IStderrReader? _report;
    private readonly Task _drained;

    /// <param name="stderr">Standard error of the child.</param>
    /// <param name="report">Gets each line and returns what of it is kept; null keeps all.</param>
    public StderrTail(StreamReader stderr, IStderrReader? report = null)
    {
        _report = report;
        _drained = DrainAsync(stderr);
    }

    /// <summary>Waits for the child to close it, at most so long.</summary>
    public void WaitForEnd(TimeSpan wait, CancellationToken cancel)
    {
        // WaitAny leaves a cancelled wait as a plain return: what has come so far must do then.
        var cancelled = new TaskCompletionSource();
        using var registration = cancel.Register(cancelled.SetResult);
        Task.WaitAny([_drained, cancelled.Task], wait);
    }

    /// <summary>The last lines in one.</summary>
    public string Read()
    {
        lock (_text)
        {
            var lines = _text.ToString().Split(
                '\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return string.Join(" | ", lines.TakeLast(LinesRead));
        }
    }

    private void Keep(string line)
    {
        if ((_report is null ? line : _report.Take(line)) is { Length: > 0 } kept)
        {
            lock (_text)
            {
                _text.Append(kept).Append('\n');
                _text.Remove(0, Math.Max(0, _text.Length - Kept));
            }
        }
    }

    private async Task DrainAsync(StreamReader stderr)
    {
        var buffer = new char[4096];
        var line = new StringBuilder();
        try
        {
            int read;
            while ((read = await stderr.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                Split(buffer.AsSpan(0, read), line);
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // A grandchild kept the pipe open after the child was given up; what it writes no longer matters.
            line.Append(" (cut off)");
        }

        Keep(line.ToString());
        _report?.End();
    }

    private void Split(ReadOnlySpan<char> read, StringBuilder line)
    {
        while (!read.IsEmpty)
        {
            var end = read.IndexOfAny('\n', '\r');
            var part = end < 0 ? read : read[..end];
            line.Append(part[..Math.Min(part.Length, LongestLine - line.Length)]);
            if (end < 0)
            {
                return;
            }

            Keep(line.ToString());
            line.Clear();
            read = read[(end + 1)..];
        }
    }
}
