using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>One line of the log.</summary>
/// <param name="Id">Grows with each line.</param>
/// <param name="At">When it was logged.</param>
/// <param name="Level"><c>debug</c>, <c>information</c>, <c>warning</c>, <c>error</c> or <c>critical</c>.</param>
/// <param name="Event">What logged it, with the event id: <c>HttpServer[1]</c>.</param>
/// <param name="Text">The message on one line, without passwords.</param>
public sealed record LogTailLine(long Id, DateTimeOffset At, string Level, string Event, string Text);

/// <summary>The newest lines of the log, for the live page. Thread-safe.</summary>
public sealed class LogTail
{
    /// <summary>Lines that are kept.</summary>
    public const int MaxLines = 500;

    private const int MaxText = 2000;

    private readonly Lock _lock = new();
    private readonly Queue<LogTailLine> _lines = new();
    private long _lastId;

    /// <summary>Keeps a line. The oldest one is dropped for it when there are too many.</summary>
    public void Add(DateTimeOffset at, string level, string source, string text)
    {
        var shown = SecretMask.Patterns(text);
        shown = shown.Length > MaxText ? $"{shown[..MaxText]} ..." : shown;
        lock (_lock)
        {
            _lines.Enqueue(new LogTailLine(++_lastId, at, level, source, shown));
            if (_lines.Count > MaxLines)
            {
                _lines.Dequeue();
            }
        }
    }

    /// <summary>Lines after one that the client has, oldest first.</summary>
    /// <param name="after">The id of that line; 0 for none. An id that was never given is that of another run: all lines are
    /// returned.</param>
    /// <param name="limit">Most lines; the newest ones are returned.</param>
    public IReadOnlyList<LogTailLine> After(long after, int limit)
    {
        lock (_lock)
        {
            return [.. _lines.Where(line => line.Id > after || after > _lastId).TakeLast(limit)];
        }
    }
}
