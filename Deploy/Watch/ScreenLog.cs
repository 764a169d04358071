using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Keeps warnings and errors while a table is on the terminal, where log lines would destroy it. The latest is
/// shown below the table for a while; all of them are printed afterwards. Thread-safe.</summary>
internal sealed class ScreenLog(TimeProvider time) : ILoggerProvider
{
    private const int MaxLines = 50;
    private static readonly TimeSpan ShownFor = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<(long At, string Line)> _lines = new();

    /// <summary>The latest line, if it was logged within the last seconds; otherwise empty.</summary>
    public IReadOnlyList<string> Recent =>
        _lines.LastOrDefault() is { Line: { } line, At: var at } && time.GetElapsedTime(at) < ShownFor ? [line] : [];

    /// <summary>All kept lines, oldest first.</summary>
    public IReadOnlyList<string> All => [.. _lines.Select(it => it.Line)];

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private void Add(string line)
    {
        _lines.Enqueue((time.GetTimestamp(), line));
        if (_lines.Count > MaxLines)
        {
            _lines.TryDequeue(out _);
        }
    }

    private sealed class Logger(ScreenLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Add(WatchText.OnOneLine(formatter(state, exception) + (exception is null ? "" : $": {exception.Message}")));
            }
        }
    }
}
