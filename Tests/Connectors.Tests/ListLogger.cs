using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Tests;

/// <summary>Keeps what was logged as <c>Level: text</c>, with the exception behind it. Thread-safe.</summary>
internal sealed class ListLogger : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}".TrimEnd());

    public override string ToString() => string.Join('\n', Lines);
}
