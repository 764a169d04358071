using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

internal sealed record LogLine(LogLevel Level, string Category, string Text, Exception? Fault);

internal sealed class RecordingLogger : ILoggerFactory
{
    public Recording<LogLine> Lines { get; } = new();

    /// <summary>Called on the thread that logs.</summary>
    public Action<LogLine>? OnLine { get; set; }

    public IEnumerable<LogLine> Logged(LogLevel level, string start) =>
        Lines.Items.Where(line => line.Level == level && line.Text.StartsWith(start, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class Logger(RecordingLogger record, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var line = new LogLine(logLevel, category, $"{formatter(state, exception)} {exception}", exception);
            record.Lines.Add(line);
            record.OnLine?.Invoke(line);
        }
    }
}
