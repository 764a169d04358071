using System.Text;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Drains a child's standard error, which would block it when full, and keeps the end of it. Bounded by
/// characters, not lines: a child may never write a line end.</summary>
internal sealed class StderrTail
{
    private const int Kept = 1000;
    private const int LinesRead = 3;

    private readonly StringBuilder _text = new();
    private readonly Task _drained;

    public StderrTail(StreamReader stderr)
    {
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

    private void Keep(ReadOnlySpan<char> said)
    {
        lock (_text)
        {
            _text.Append(said);
            _text.Remove(0, Math.Max(0, _text.Length - Kept));
        }
    }

    private async Task DrainAsync(StreamReader stderr)
    {
        var buffer = new char[512];
        try
        {
            int read;
            while ((read = await stderr.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                Keep(buffer.AsSpan(0, read));
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // A grandchild kept the pipe open after the child was given up; what it says no longer matters.
            Keep(" (cut off)");
        }
    }
}
